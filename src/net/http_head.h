// The head of a request or an answer: RFC 9112 and 9110, read so strictly that no two readers could
// disagree about where a message ends. What is lenient in other servers for old clients' sake (bare
// line feeds, folded fields, several lengths) is an error here, since request smuggling lives on
// it.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "net/http.h"
#include "net/http_server.h"

namespace thumbmill {

/// Why a head was refused: the status to answer with, a fixed word for metrics, a text for the
/// client.
struct HeadRefusal {
  int status = 400;
  std::string_view reason = "malformed";
  std::string message;
};

/// A request's head and what it says about the connection.
struct RequestHead {
  HttpRequest request;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
  /// Of an absolute-form target (RFC 9112, section 3.2.2), in small letters; else empty.
  std::string scheme;
  std::string authority;
};

/// How far a head has come, of the bytes read so far.
struct HeadProgress {
  std::size_t length = 0;              ///< of the whole head with its empty line, once it is there
  std::optional<HeadRefusal> refusal;  ///< when it can be refused before it is complete
};

/// Looks for the end of the head in `bytes`; checks line ends and limits on the way.
HeadProgress find_request_head(std::string_view bytes, const HttpLimits& limits);

/// Takes a complete head apart: the request line, the fields, the empty line.
std::variant<RequestHead, HeadRefusal> parse_request_head(std::string_view head,
                                                          const HttpLimits& limits);

/// One field line without its end, for chunk trailers and answers; nothing when it is malformed.
std::optional<std::pair<std::string, std::string>> parse_field_line(std::string_view line);

/// Percent-decoding (RFC 3986, section 2.1). Nothing for a bad escape or a NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace thumbmill
