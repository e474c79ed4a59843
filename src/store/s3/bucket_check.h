// The check of a bucket: is it the one that is meant, and does it grant every right and keep every
// promise that the store relies on? Internal to store/s3; docs/s3.md says what each is needed for.
#pragma once

#include <string>

#include "base/op_context.h"
#include "base/status.h"
#include "store/s3/s3_client.h"

namespace thumbmill::s3 {

/// What is checked, and how its requests are made.
struct CheckedBucket {
  std::string name;
  std::string key_prefix;  ///< of every key; empty, or ends in '/'
  Parameters encryption;   ///< headers of puts that ask for it; empty: none is asked for
  HttpTimes times;
  bool keeps_jobs = true;  ///< which need conditional puts, and removal below uploads/
};

/// Lists, puts a small object of its own, puts it again if absent, gets it, and removes an object
/// that is not there: five requests. The listing comes first, so that nothing is put into a bucket
/// that is not the one that is meant.
/// unavailable, unless the cause is the context's or the store is full: the message says what is
/// wrong, with all rights that are missing; the detail holds the server's answers.
Status check_bucket(const CheckedBucket& bucket, Client& client, const OpContext& context);

}  // namespace thumbmill::s3
