// Sending and receiving one packet with descriptors over a SOCK_SEQPACKET socket (unix(7),
// recvmsg(2)). Internal to sandbox/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/unique_fd.h"

namespace thumbmill {

struct Packet {
  std::string bytes;
  std::vector<UniqueFd> descriptors;  ///< close-on-exec; at most three
};

/// Sends without raising SIGPIPE. unavailable when the other end is gone.
Status send_packet(int socket, std::string_view bytes, const std::vector<int>& descriptors);

/// Blocks for the next packet. cancelled at the end of the stream; invalid_argument for a packet
/// that is too large or has too many descriptors.
Result<Packet> receive_packet(int socket);

}  // namespace thumbmill
