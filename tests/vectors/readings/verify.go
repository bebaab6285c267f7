// Which of these headers golang-jwt verifies, behind the ways in which Go services cut out the token.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run verify.go FOLDER   # with Debian's golang-github-golang-jwt-jwt-dev
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/golang-jwt/jwt"
	"github.com/golang-jwt/jwt/request"
)

var cuts = map[string]func(string) string{
	"TrimPrefix":      func(value string) string { return strings.TrimPrefix(value, "Bearer ") },
	"Split[1]":        func(value string) string { return strings.Split(value, " ")[1] },
	"Split Bearer":    func(value string) string { return strings.TrimSpace(strings.Split(value, "Bearer")[1]) },
	"Fields[1]":       func(value string) string { return strings.Fields(value)[1] },
	"Replace":         func(value string) string { return strings.Replace(value, "Bearer ", "", -1) },
	"Replace Bearer":  func(value string) string { return strings.TrimSpace(strings.Replace(value, "Bearer", "", 1)) },
	"OAuth2Extractor": func(value string) string {
		token, _ := request.OAuth2Extractor.ExtractToken(&http.Request{Header: http.Header{"Authorization": {value}}})
		return token
	},
}

func key(folder, alg string) interface{} {
	text, err := os.ReadFile(filepath.Join(folder, alg+".key"))
	if err != nil {
		panic(err)
	}
	var parsed interface{} = text
	switch alg {
	case "ES256":
		parsed, err = jwt.ParseECPublicKeyFromPEM(text)
	case "RS256":
		parsed, err = jwt.ParseRSAPublicKeyFromPEM(text)
	case "EdDSA":
		parsed, err = jwt.ParseEdPublicKeyFromPEM(text)
	}
	if err != nil {
		panic(err)
	}
	return parsed
}

func user(take func(string) string, value, alg string, key interface{}) (user string) {
	defer func() {
		if recover() != nil {
			user = ""
		}
	}()
	parser := jwt.Parser{ValidMethods: []string{alg}}
	token, err := parser.Parse(take(value), func(*jwt.Token) (interface{}, error) { return key, nil })
	if err != nil {
		return ""
	}
	user, _ = token.Claims.(jwt.MapClaims)["sub"].(string)
	return user
}

func main() {
	folder := os.Args[1]
	cases, err := os.ReadFile(filepath.Join(folder, "cases.tsv"))
	if err != nil {
		panic(err)
	}
	found := map[string]map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(cases)), "\n") {
		fields := strings.Split(line, "\t")
		number, alg := fields[0], fields[1]
		for _, encoded := range fields[2:] {
			value, _ := base64.StdEncoding.DecodeString(encoded)
			text := strings.Trim(string(value), " \t")
			for cut, take := range cuts {
				for _, padded := range []bool{false, true} {
					jwt.DecodePaddingAllowed = padded
					if user := user(take, text, alg, key(folder, alg)); user != "" {
						if found[number] == nil {
							found[number] = map[string][]string{}
						}
						found[number][user] = append(found[number][user], "golang-jwt, "+cut)
					}
				}
			}
		}
	}
	text, _ := json.Marshal(found)
	fmt.Println(string(text))
}
