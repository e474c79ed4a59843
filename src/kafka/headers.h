// What a record carries besides its key: named texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

namespace thumbmill {

/// Names and values, in order.
using KafkaHeaders = std::vector<std::pair<std::string, std::string>>;

/// The last header of that name, as part of `message`; nothing when there is none.
std::optional<std::string_view> kafka_header(const rd_kafka_message_t& message, const char* name);

}  // namespace thumbmill
