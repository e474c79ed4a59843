// Requests that two servers could read in two ways, or that are none at all. Each must be refused
// with this status and the connection closed.
#pragma once

#include <cctype>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace thumbmill {

struct FramingAttack {
  const char* name;
  std::string_view bytes;
  int status = 400;

  friend std::ostream& operator<<(std::ostream& out, const FramingAttack& attack) {
    return out << attack.name;
  }
};

/// The name as that of a test: "two lengths" is TwoLengths.
inline std::string test_name(const FramingAttack& attack) {
  std::string name;
  bool begins = true;
  for (const char* c = attack.name; *c != '\0'; ++c) {
    const auto letter = static_cast<unsigned char>(*c);
    if (std::isalnum(letter) != 0) {
      name.push_back(static_cast<char>(begins ? std::toupper(letter) : letter));
    }
    begins = std::isalnum(letter) == 0;
  }
  return name;
}

inline std::vector<FramingAttack> framing_attacks() {
  using namespace std::string_view_literals;
  return {
      {"length and chunked",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"sv},
      {"chunked and length",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"sv},
      {"two lengths",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"sv},
      {"same length twice",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"sv},
      {"list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n"sv},
      {"signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n"sv},
      {"negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n"sv},
      {"hexadecimal length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n"sv},
      {"empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"sv},
      {"huge length",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"sv},
      {"length with text", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5a\r\n\r\n"sv},
      {"length with inner space", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 2\r\n\r\n"sv},
      {"unknown coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"sv},
      {"coding list", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"sv},
      {"chunked not last",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"sv},
      {"chunked twice",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"sv},
      {"chunked with a tail",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunkedx\r\n\r\n"sv},
      {"chunked quoted", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n"sv},
      {"identity coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"sv},
      {"empty coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n"sv},
      {"coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"sv},
      {"space before the colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n"sv},
      {"tab before the colon",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n"sv},
      {"folded field", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n"sv},
      {"folded coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n"sv},
      {"bare line feeds", "GET / HTTP/1.1\nHost: a\n\n"sv},
      {"bare line feed in the header", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"sv},
      {"bare carriage return in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"sv},
      {"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"sv},
      {"NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n"sv},
      {"control character in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x01\r\n\r\n"sv},
      {"no colon", "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n"sv},
      {"empty name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"sv},
      {"name with a space", "GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n"sv},
      {"name with a bracket", "GET / HTTP/1.1\r\nHost: a\r\nX[: b\r\n\r\n"sv},
      {"no host", "GET / HTTP/1.1\r\nX: b\r\n\r\n"sv},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"sv},
      {"host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"sv},
      {"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"sv},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"no version", "GET /\r\nHost: a\r\n\r\n"sv},
      {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"version with a tail", "GET / HTTP/1.1x\r\nHost: a\r\n\r\n"sv},
      {"version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n"sv},
      {"HTTP/2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"sv, 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"sv, 505},
      {"method with a colon", "GE:T / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"dot segments", "GET /v1/../secret HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"encoded dot segments", "GET /v1/%2e%2e/secret HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"encoded NUL", "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"encoded slash", "DELETE /v1%2Fdead HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"encoded slash in small letters", "DELETE /v1/%2fdead HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"encoded slash at the end", "GET /v1/queue%2F HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"encoded dots and slash", "GET /v1/%2e%2e%2fdead HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"other host in the target", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"credentials in the target", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"bad escape", "GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"bad escape in the query", "GET /a?b=%f HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"authority target", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"sv},
      {"unknown expectation",
       "POST / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 1\r\n\r\n"sv, 417},
      {"TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"sv},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv, 505},
  };
}

/// Chunked bodies (RFC 9112, section 7.1) that two servers could end in different places. What
/// stands here comes after a head that is good.
inline std::vector<FramingAttack> chunk_attacks() {
  using namespace std::string_view_literals;
  return {
      {"size that is no number", "g\r\n"sv},
      {"more than the size", "3\r\nabcd\r\n"sv},
      {"bare line feed after the size", "3\nabc\r\n"sv},
      {"bare line feed after the chunk", "3\r\nabc\n0\r\n\r\n"sv},
      {"bare carriage return after the size", "3\rabc\r\n"sv},
      {"negative size", "-1\r\n"sv},
      {"signed size", "+3\r\nabc\r\n0\r\n\r\n"sv},
      {"size with a prefix", "0x3\r\nabc\r\n0\r\n\r\n"sv},
      {"empty size", "\r\n"sv},
      {"huge size", "fffffffffffffffff\r\n"sv},
      {"space after the size", "3 \r\nabc\r\n"sv},
      {"space before the size", " 3\r\nabc\r\n0\r\n\r\n"sv},
      {"NUL in the size", "3\0\r\nabc\r\n0\r\n\r\n"sv},
      {"bare line feed in an extension", "3;a\nb\r\nabc\r\n0\r\n\r\n"sv},
      {"request as a trailer", "0\r\nGET / HTTP/1.1\r\n\r\n"sv},
      {"bare carriage return in a trailer", "0\r\nX: a\rb\r\n\r\n"sv},
      {"folded trailer", "0\r\n folded\r\n\r\n"sv},
      {"space before a trailers colon", "0\r\nX : a\r\n\r\n"sv},
  };
}

}  // namespace thumbmill
