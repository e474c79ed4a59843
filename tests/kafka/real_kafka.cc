#include "kafka/real_kafka.h"

#include <csignal>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/status.h"

namespace thumbmill {
namespace {

constexpr int kTimeoutMs = 30'000;
constexpr std::size_t kMessageSize = 256;

struct Pipe {
  Pipe() {
    int ends[2];
    THUMBMILL_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
  UniqueFd read;
  UniqueFd write;
};

struct AdminDeleter {
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_DeleteTopic_t* topic) const { rd_kafka_DeleteTopic_destroy(topic); }
  void operator()(rd_kafka_NewPartitions_t* more) const { rd_kafka_NewPartitions_destroy(more); }
  void operator()(rd_kafka_ConfigResource_t* resource) const {
    rd_kafka_ConfigResource_destroy(resource);
  }
  void operator()(rd_kafka_AclBinding_t* binding) const { rd_kafka_AclBinding_destroy(binding); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};

template <typename T>
using Owned = std::unique_ptr<T, AdminDeleter>;

void check(rd_kafka_resp_err_t error, const std::string& what) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  throw std::runtime_error(what + ": " + rd_kafka_err2str(error));
}

// The answer to a call that `send` makes, which is to leave it in the queue that it is given.
template <typename Send>
Owned<rd_kafka_event_t> answer_of(rd_kafka_t& handle, const std::string& what, Send send) {
  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(&handle));
  send(queue.get());
  Owned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), kTimeoutMs));
  if (!event) throw std::runtime_error(what + ": no answer");
  check(rd_kafka_event_error(event.get()), what);
  return event;
}

void check_topics(const rd_kafka_topic_result_t** results, std::size_t count,
                  const std::string& what) {
  for (std::size_t i = 0; i < count; ++i) check(rd_kafka_topic_result_error(results[i]), what);
}

template <typename Use>
void with_metadata(rd_kafka_t& handle, const std::string& topic, Use use) {
  const Owned<rd_kafka_topic_t> named(rd_kafka_topic_new(&handle, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* found = nullptr;
  check(rd_kafka_metadata(&handle, 0, named.get(), &found, kTimeoutMs), "asking for " + topic);
  const KafkaOwned<const rd_kafka_metadata_t> owned(found);
  use(found->topics[0]);
}

}  // namespace

RealKafka::RealKafka(int brokers, const std::vector<std::string>& settings) {
  std::vector<std::string> words = {KAFKA_BROKER_SCRIPT, "--brokers", std::to_string(brokers)};
  for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  Pipe input;
  Pipe output;
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  THUMBMILL_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::dup2(input.read.get(), STDIN_FILENO);
    ::dup2(output.write.get(), STDOUT_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  input_ = std::move(input.write);
  output_ = std::move(output.read);
  output.write.reset();
  const std::string line = read_line();
  if (!line.starts_with("ca ")) {
    THUMBMILL_CHECK(line.starts_with("SKIPPED: "));  // anything else is a defect of ours
    missing_ = line;
    return;
  }
  std::istringstream rest(line);
  for (std::string name, value; rest >> name >> value;) words_[name] = value;
}

RealKafka::~RealKafka() {
  input_.reset();
  ::waitpid(pid_, nullptr, 0);
}

std::string RealKafka::read_line() {
  std::string line;
  for (char c; ::read(output_.get(), &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

const std::string& RealKafka::servers(const std::string& listener) const {
  return words_.at(listener);
}

void RealKafka::command(const std::string& words) {
  const std::string line = words + "\n";
  THUMBMILL_CHECK(::write(input_.get(), line.data(), line.size()) ==
                  static_cast<ssize_t>(line.size()));
  const std::string answer = read_line();
  if (answer != "ok") throw std::runtime_error(words + ": " + answer);
}

std::string new_kafka_prefix() {
  std::random_device random;
  return fmt::format("test-{:08x}{:08x}", random(), random());
}

std::string kafka_url(const std::string& servers, const std::string& prefix,
                      const std::string& parameters) {
  return fmt::format("kafka://{}?prefix={}{}{}", servers, prefix, parameters.empty() ? "" : "&",
                     parameters);
}

KafkaAdmin::KafkaAdmin(const std::string& servers) {
  KafkaOptions options;
  options.servers = servers;
  handle_ = open_kafka(RD_KAFKA_PRODUCER, kafka_conf(options, {}).value(), nullptr).value();
}

void KafkaAdmin::make_topic(const std::string& topic, int partitions,
                            const std::map<std::string, std::string>& settings) {
  char why[kMessageSize];
  const Owned<rd_kafka_NewTopic_t> wanted(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, why, sizeof why));
  for (const auto& [name, value] : settings) {
    rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
  }
  rd_kafka_NewTopic_t* one = wanted.get();
  const auto answer = answer_of(*handle_, "making " + topic, [&](rd_kafka_queue_t* queue) {
    rd_kafka_CreateTopics(handle_.get(), &one, 1, nullptr, queue);
  });
  std::size_t count = 0;
  const auto* result = rd_kafka_event_CreateTopics_result(answer.get());
  check_topics(rd_kafka_CreateTopics_result_topics(result, &count), count, "making " + topic);
}

void KafkaAdmin::delete_topic(const std::string& topic) {
  const Owned<rd_kafka_DeleteTopic_t> wanted(rd_kafka_DeleteTopic_new(topic.c_str()));
  rd_kafka_DeleteTopic_t* one = wanted.get();
  const auto answer = answer_of(*handle_, "deleting " + topic, [&](rd_kafka_queue_t* queue) {
    rd_kafka_DeleteTopics(handle_.get(), &one, 1, nullptr, queue);
  });
  std::size_t count = 0;
  const auto* result = rd_kafka_event_DeleteTopics_result(answer.get());
  check_topics(rd_kafka_DeleteTopics_result_topics(result, &count), count, "deleting " + topic);
}

void KafkaAdmin::set_partitions(const std::string& topic, int partitions) {
  char why[kMessageSize];
  const Owned<rd_kafka_NewPartitions_t> wanted(rd_kafka_NewPartitions_new(
      topic.c_str(), static_cast<std::size_t>(partitions), why, sizeof why));
  rd_kafka_NewPartitions_t* one = wanted.get();
  const auto answer = answer_of(*handle_, "adding partitions", [&](rd_kafka_queue_t* queue) {
    rd_kafka_CreatePartitions(handle_.get(), &one, 1, nullptr, queue);
  });
  std::size_t count = 0;
  const auto* result = rd_kafka_event_CreatePartitions_result(answer.get());
  check_topics(rd_kafka_CreatePartitions_result_topics(result, &count), count, "adding partitions");
}

std::string KafkaAdmin::setting(const std::string& topic, const std::string& name) {
  const Owned<rd_kafka_ConfigResource_t> wanted(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  rd_kafka_ConfigResource_t* one = wanted.get();
  const auto answer = answer_of(*handle_, "settings of " + topic, [&](rd_kafka_queue_t* queue) {
    rd_kafka_DescribeConfigs(handle_.get(), &one, 1, nullptr, queue);
  });
  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** found = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
  check(rd_kafka_ConfigResource_error(found[0]), "settings of " + topic);
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(found[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (name == rd_kafka_ConfigEntry_name(entries[i]))
      return rd_kafka_ConfigEntry_value(entries[i]);
  }
  throw std::runtime_error("no setting " + name);
}

int KafkaAdmin::partitions(const std::string& topic) {
  int count = 0;
  with_metadata(*handle_, topic, [&](const auto& found) { count = found.partition_cnt; });
  return count;
}

int KafkaAdmin::replicas(const std::string& topic) {
  int count = 0;
  with_metadata(*handle_, topic, [&](const auto& found) {
    if (found.partition_cnt > 0) count = found.partitions[0].replica_cnt;
  });
  return count;
}

void KafkaAdmin::allow_prefix(const std::string& user, const std::string& prefix) {
  const std::string principal = "User:" + user;
  const std::string name = prefix + ".";
  char why[kMessageSize];
  const auto binding = [&](rd_kafka_ResourceType_t type, rd_kafka_AclOperation_t operation) {
    return Owned<rd_kafka_AclBinding_t>(rd_kafka_AclBinding_new(
        type, name.c_str(), RD_KAFKA_RESOURCE_PATTERN_PREFIXED, principal.c_str(), "*", operation,
        RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, why, sizeof why));
  };
  std::vector<Owned<rd_kafka_AclBinding_t>> owned;
  for (const auto operation :
       {RD_KAFKA_ACL_OPERATION_READ, RD_KAFKA_ACL_OPERATION_WRITE, RD_KAFKA_ACL_OPERATION_DESCRIBE,
        RD_KAFKA_ACL_OPERATION_CREATE, RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS}) {
    owned.push_back(binding(RD_KAFKA_RESOURCE_TOPIC, operation));
  }
  owned.push_back(binding(RD_KAFKA_RESOURCE_GROUP, RD_KAFKA_ACL_OPERATION_READ));
  std::vector<rd_kafka_AclBinding_t*> bindings;
  for (const auto& one : owned) bindings.push_back(one.get());
  const auto answer = answer_of(*handle_, "allowing", [&](rd_kafka_queue_t* queue) {
    rd_kafka_CreateAcls(handle_.get(), bindings.data(), bindings.size(), nullptr, queue);
  });
  std::size_t count = 0;
  const rd_kafka_acl_result_t** results =
      rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(answer.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_error_t* error = rd_kafka_acl_result_error(results[i]);
    if (error != nullptr) throw std::runtime_error(rd_kafka_error_string(error));
  }
}

}  // namespace thumbmill
