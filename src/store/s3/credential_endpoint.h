// What the credential sources that ask an HTTP endpoint share. Internal to store/s3.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "store/s3/http_transport.h"
#include "store/s3/sigv4.h"

namespace thumbmill::s3 {

/// A call of a credential endpoint: short times, a small answer, no proxy unless `direct` is unset.
HttpCall credential_call(std::string method, std::string url, Parameters headers);

/// Sends it, up to three times while the endpoint fails for the moment. unavailable when there is
/// no answer or it is no 200, with `what` in the detail.
Result<std::string> ask_credential_endpoint(HttpTransport& transport, const HttpCall& call,
                                            std::string_view what, const OpContext& context);

/// The JSON object that container endpoints and IMDS answer with. unavailable when it is none.
Result<Credentials> parse_credentials_json(std::string_view text, std::string_view what);

/// A token's file, without white space at its ends. unavailable when it cannot be read.
Result<std::string> read_token_file(const std::string& path);

}  // namespace thumbmill::s3
