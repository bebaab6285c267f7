"""Which of these headers PyJWT and its like verify, behind the ways in which Python services cut out the token.

    python verify.py FOLDER   # with pyjwt, cryptography, python-jose, joserfc and fastapi installed
"""

import base64
import json
import sys
from pathlib import Path

import jwt
from fastapi.security.utils import get_authorization_scheme_param
from jose import jwt as python_jose
from joserfc import jwt as joserfc
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

folder = Path(sys.argv[1])
KEYS = {"HS256": OctKey, "ES256": ECKey, "EdDSA": OKPKey, "RS256": RSAKey}
CUTS = {
    "fastapi": lambda value: get_authorization_scheme_param(value)[1],
    "split()[1]": lambda value: value.split()[1],
    "split()[-1]": lambda value: value.split()[-1],
    "partition": lambda value: value.partition(" ")[2],
    "[7:]": lambda value: value[7:],
    "replace": lambda value: value.replace("Bearer ", ""),
    "removeprefix": lambda value: value.removeprefix("Bearer ").strip(),
}
VERIFIERS = {
    "PyJWT": lambda token, alg, key: jwt.decode(token, key, algorithms=[alg]),
    "python-jose": lambda token, alg, key: python_jose.decode(token, key, algorithms=[alg]),
    "joserfc": lambda token, alg, key: joserfc.decode(token, KEYS[alg].import_key(key), algorithms=[alg]).claims,
}

found = {}
for line in (folder / "cases.tsv").read_text().splitlines():
    number, alg, *values = line.split("\t")
    key = (folder / f"{alg}.key").read_text()
    for value in values:
        # As a server hands it over: a character for each byte.
        value = base64.b64decode(value).decode("latin1").strip(" \t")
        for cut, take in CUTS.items():
            for name, verify in VERIFIERS.items():
                try:
                    user = verify(take(value), alg, key)["sub"]
                    found.setdefault(number, {}).setdefault(user, []).append(f"{name}, {cut}")
                except Exception:
                    pass
print(json.dumps(found))
