#include "store/s3/credentials.h"

namespace thumbmill::s3 {
namespace {

class EnvironmentSource final : public CredentialSource {
 public:
  explicit EnvironmentSource(Environment environment) : environment_(std::move(environment)) {}

  std::string_view name() const override { return "environment"; }

  Result<std::optional<Credentials>> fetch(const OpContext&) override {
    Credentials credentials{variable(environment_, "AWS_ACCESS_KEY_ID"),
                            variable(environment_, "AWS_SECRET_ACCESS_KEY"),
                            variable(environment_, "AWS_SESSION_TOKEN"), std::nullopt};
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty())
      return std::optional<Credentials>();
    return std::optional<Credentials>(std::move(credentials));
  }

 private:
  const Environment environment_;
};

}  // namespace

std::unique_ptr<CredentialSource> make_environment_source(Environment environment) {
  return std::make_unique<EnvironmentSource>(std::move(environment));
}

}  // namespace thumbmill::s3
