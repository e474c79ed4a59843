#include "fakes/documented_redis_user.h"

#include <fstream>
#include <sstream>

#include "base/status.h"

namespace thumbmill {

std::vector<std::string> documented_redis_user() {
  std::ifstream page(THUMBMILL_SOURCE_DIR "/docs/redis.md");
  std::string line;
  const std::string command = "ACL SETUSER ";
  while (std::getline(page, line) && !line.starts_with(command)) continue;
  THUMBMILL_CHECK(line.starts_with(command));
  std::istringstream text(line.substr(command.size()));
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

std::vector<std::string> with_documented_user(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = documented_redis_user();
  arguments.insert(arguments.begin(), "--user");
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace thumbmill
