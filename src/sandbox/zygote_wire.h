// What a pool and its zygote tell each other: docs/formats/wire.md. Both are of the same build and
// neither has ever seen an image, so that these are plain structures, checked for size and magic
// only. Internal to sandbox/.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

namespace thumbmill {

/// The version that this code was built as.
std::string_view version_of_build();

/// From the zygote, once, when it is ready to fork.
struct ZygoteHello {
  static constexpr std::uint32_t kMagic = 0x32485a54;  // "TZH2"
  std::uint32_t magic = kMagic;
  std::int32_t landlock_abi = 0;
  std::uint8_t can_confine = 0;  ///< else its stderr says why not
  std::uint8_t reserved[7] = {};
  char version[32] = {};  ///< of the program; the pool works with its own only
};

/// To the zygote: fork. With it come, in this order, the new process's socket, its stderr, and the
/// socket for the reports about it.
struct ForkOrder {
  static constexpr std::uint32_t kMagic = 0x31465a54;  // "TZF1"
  std::uint32_t magic = kMagic;
  std::uint8_t probe = kDecode;
  std::uint8_t confined = 1;
  std::uint8_t reserved[2] = {};
  std::uint64_t memory_bytes = 0;
  std::uint64_t cpu_seconds = 0;

  static constexpr std::uint8_t kDecode = 0xff;  ///< not a probe of the self-test
};

/// On the report socket, first: with the process's pidfd, or with the errno that kept it from being
/// there.
struct ForkReport {
  static constexpr std::uint32_t kMagic = 0x31525a54;  // "TZR1"
  std::uint32_t magic = kMagic;
  std::int32_t error = 0;
  std::int32_t pid = -1;
};

/// On the report socket, second and last: how it ended.
struct EndReport {
  static constexpr std::uint32_t kMagic = 0x31455a54;  // "TZE1"
  std::uint32_t magic = kMagic;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
};

template <typename Message>
std::string_view to_bytes(const Message& message) {
  static_assert(std::is_trivially_copyable_v<Message>);
  return {reinterpret_cast<const char*>(&message), sizeof(message)};
}

template <typename Message>
std::optional<Message> from_bytes(std::string_view bytes) {
  Message message;
  if (bytes.size() != sizeof(message)) return std::nullopt;
  std::memcpy(&message, bytes.data(), sizeof(message));
  return message.magic == Message::kMagic ? std::optional(message) : std::nullopt;
}

}  // namespace thumbmill
