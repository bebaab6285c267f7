// Which of these headers verify as jose4j does it, and as jjwt does with ES256, behind the ways in which Java services cut
// out the token. Neither is packaged here: this is what they do around two parts that are, the decoder of Apache
// commons-codec, which jose4j carries, and the signatures of the JDK. Written from their behaviour, with none of their code.
//
//     java -cp /usr/share/java/commons-codec.jar Verify.java FOLDER   # with Debian's libcommons-codec-java

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.commons.codec.binary.Base64;

class Verify {
  interface Ecdsa {
    byte[] toDer(byte[] signature);
  }

  static final Map<String, UnaryOperator<String>> CUTS = new LinkedHashMap<>();
  static final Map<String, Ecdsa> VERIFIERS = new LinkedHashMap<>();
  static Path folder;

  static {
    Pattern spring = Pattern.compile("^Bearer (?<token>[a-zA-Z0-9-._~+/]+=*)$", Pattern.CASE_INSENSITIVE);
    CUTS.put("substring(7)", value -> value.substring(7));
    CUTS.put("replace", value -> value.replace("Bearer ", ""));
    CUTS.put("replace Bearer, trim", value -> value.replace("Bearer", "").trim());
    CUTS.put("split[1]", value -> value.split(" ")[1]);
    CUTS.put("Spring Security", value -> {
      var matcher = spring.matcher(value);
      return matcher.matches() ? matcher.group("token") : null;
    });
    VERIFIERS.put("jose4j", signature -> der(signature, signature.length / 2));
    VERIFIERS.put("jjwt", signature -> signature.length != 64 && signature[0] == 0x30 ? signature : der(signature, signature.length / 2));
  }

  /** The two numbers, without the zeros before them, and with the one that keeps them positive. */
  static byte[] der(byte[] signature, int half) {
    byte[] first = new java.math.BigInteger(1, Arrays.copyOfRange(signature, 0, half)).toByteArray();
    byte[] second = new java.math.BigInteger(1, Arrays.copyOfRange(signature, half, 2 * half)).toByteArray();
    var der = new java.io.ByteArrayOutputStream();
    der.write(0x30);
    der.write(4 + first.length + second.length);
    for (byte[] number : new byte[][] {first, second}) {
      der.write(2);
      der.write(number.length);
      der.writeBytes(number);
    }
    return der.toByteArray();
  }

  static boolean isSigned(String alg, Ecdsa ecdsa, String text, byte[] signature) throws Exception {
    String key = Files.readString(folder.resolve(alg + ".key"));
    byte[] message = text.getBytes(StandardCharsets.US_ASCII);
    if (alg.equals("HS256")) {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      return MessageDigest.isEqual(mac.doFinal(message), signature);
    }
    String body = key.replaceAll("-----[A-Z ]+-----|\\s", "");
    var names = Map.of("ES256", "EC", "RS256", "RSA", "EdDSA", "Ed25519");
    var signers = Map.of("ES256", "SHA256withECDSA", "RS256", "SHA256withRSA", "EdDSA", "Ed25519");
    Signature verifier = Signature.getInstance(signers.get(alg));
    verifier.initVerify(
        KeyFactory.getInstance(names.get(alg)).generatePublic(new X509EncodedKeySpec(Base64.decodeBase64(body))));
    verifier.update(message);
    return verifier.verify(alg.equals("ES256") ? ecdsa.toDer(signature) : signature);
  }

  static String user(String token, String alg, Ecdsa ecdsa) throws Exception {
    String[] parts = token.split("\\.");
    if (token.endsWith(".") || parts.length != 3) return null;
    String header = new String(Base64.decodeBase64(parts[0]), StandardCharsets.UTF_8);
    if (!header.contains("\"alg\":\"" + alg + "\"")) return null;
    if (!isSigned(alg, ecdsa, parts[0] + "." + parts[1], Base64.decodeBase64(parts[2]))) return null;
    String claims = new String(Base64.decodeBase64(parts[1]), StandardCharsets.UTF_8);
    return claims.replaceAll(".*\"sub\":\"([^\"]*)\".*", "$1");
  }

  public static void main(String[] args) throws Exception {
    folder = Path.of(args[0]);
    Map<String, Map<String, TreeSet<String>>> found = new TreeMap<>();
    for (String line : Files.readAllLines(folder.resolve("cases.tsv"))) {
      String[] fields = line.split("\t");
      for (String encoded : Arrays.copyOfRange(fields, 2, fields.length)) {
        String value = new String(Base64.decodeBase64(encoded), StandardCharsets.ISO_8859_1).trim();
        for (var cut : CUTS.entrySet()) {
          for (var verifier : VERIFIERS.entrySet()) {
            try {
              String user = user(cut.getValue().apply(value), fields[1], verifier.getValue());
              if (user == null) continue;
              var users = found.computeIfAbsent(fields[0], key -> new TreeMap<>());
              users.computeIfAbsent(user, key -> new TreeSet<>()).add("\"" + verifier.getKey() + ", " + cut.getKey() + "\"");
            } catch (Exception refused) {
              // Whatever it is, it is no user.
            }
          }
        }
      }
    }
    StringBuilder json = new StringBuilder("{");
    found.forEach((number, users) -> {
      json.append(json.length() > 1 ? "," : "").append("\"" + number + "\":{");
      String separator = "";
      for (var user : users.entrySet()) {
        json.append(separator + "\"" + user.getKey() + "\":" + user.getValue());
        separator = ",";
      }
      json.append("}");
    });
    System.out.println(json.append("}"));
  }
}
