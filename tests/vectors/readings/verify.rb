# Which of these headers ruby-jwt verifies, behind the ways in which Rails services cut out the token.
#
#     ruby verify.rb FOLDER   # with Debian's ruby-jwt

require 'base64'
require 'json'
require 'jwt'
require 'openssl'

folder = ARGV[0]
CUTS = {
  'split.last' => ->(value) { value.split.last },
  "split(' ')[1]" => ->(value) { value.split(' ')[1] },
  "gsub('Bearer ', '')" => ->(value) { value.gsub('Bearer ', '') },
  'sub(/^Bearer /i)' => ->(value) { value.sub(/\ABearer /i, '') },
  'match' => ->(value) { value[/\ABearer\s+(.*)\z/i, 1] },
}

found = Hash.new { |hash, key| hash[key] = Hash.new { |inner, user| inner[user] = [] } }
File.readlines("#{folder}/cases.tsv", chomp: true).each do |line|
  number, alg, *values = line.split("\t")
  next if alg == 'EdDSA' # It takes another gem.
  text = File.read("#{folder}/#{alg}.key")
  key = alg == 'HS256' ? text : OpenSSL::PKey.read(text)
  values.each do |value|
    value = Base64.strict_decode64(value).force_encoding('utf-8').strip
    CUTS.each do |cut, take|
      claims, = JWT.decode(take.call(value), key, true, algorithms: [alg])
      found[number][claims['sub']] << "ruby-jwt, #{cut}"
    rescue StandardError
      nil
    end
  end
end
puts JSON.generate(found)
