// Addresses of clients: which of them count as one, and sets of them as settings name them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thumbmill {

/// What stands for a client without a key: its address, of IPv6 the /64 that one subscriber has.
/// An IPv4 address in IPv6 (::ffff:192.0.2.7) is the IPv4 address. Text that is no address is
/// returned as it is.
std::string address_of_client(std::string_view remote_address);

/// Addresses and networks in CIDR notation (RFC 4632), of both families. Value.
class AddressSet {
 public:
  /// "192.0.2.7,10.0.0.0/8,2001:db8::/32"; empty: none. Nothing when an item is no address or
  /// network, or has bits set behind its prefix.
  static std::optional<AddressSet> parse(std::string_view text);

  bool contains(std::string_view address) const;

  /// Text that parse() takes.
  std::string to_string() const { return text_; }

  bool operator==(const AddressSet& other) const { return text_ == other.text_; }

 private:
  using Bytes = std::array<unsigned char, 16>;  // of IPv4 its form in IPv6

  struct Network {
    Bytes address;
    unsigned prefix_bits;
  };

  static std::optional<Network> parse_network(std::string_view text);

  std::vector<Network> networks_;
  std::string text_;
};

}  // namespace thumbmill
