#include "base/address.h"

#include <algorithm>
#include <charconv>
#include <span>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/hash.h"

namespace thumbmill {
namespace {

using Bytes = std::array<unsigned char, 16>;

// RFC 4291, section 2.5.5.2: where an IPv4 address begins in its IPv6 form.
constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kMappedBits = 8 * kMapped.size();

bool is_mapped(const Bytes& bytes) {
  return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

std::optional<Bytes> parse_address(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  Bytes bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  std::ranges::copy(kMapped, bytes.begin());
  if (::inet_pton(AF_INET, text.c_str(), bytes.data() + kMapped.size()) == 1) return bytes;
  return std::nullopt;
}

// Whether the first `count` bits are the same.
bool share_bits(const Bytes& a, const Bytes& b, unsigned count) {
  const unsigned whole = count / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  const unsigned rest = count % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

}  // namespace

std::string address_of_client(std::string_view remote_address) {
  const std::optional<Bytes> bytes = parse_address(remote_address);
  if (!bytes) return std::string(remote_address.substr(0, remote_address.find('%')));
  if (is_mapped(*bytes)) {
    return fmt::format("{}.{}.{}.{}", (*bytes)[12], (*bytes)[13], (*bytes)[14], (*bytes)[15]);
  }
  return to_hex(std::span(*bytes).first(8)) + "/64";
}

std::optional<AddressSet> AddressSet::parse(std::string_view text) {
  AddressSet set;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::optional<Network> network = parse_network(item);
    if (!network) return std::nullopt;
    set.networks_.push_back(*network);
    set.text_ += (set.text_.empty() ? "" : ",") + std::string(item);
  }
  return set;
}

std::optional<AddressSet::Network> AddressSet::parse_network(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::optional<Bytes> address = parse_address(text.substr(0, slash));
  if (!address || text.find('%') != std::string_view::npos) return std::nullopt;
  const bool v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  unsigned bits = v4 ? 32 : 128;
  if (slash < text.size()) {
    unsigned given = 0;
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), given);
    if (error != std::errc() || end != digits.data() + digits.size() || given > bits) {
      return std::nullopt;
    }
    bits = given;
  }
  if (v4) bits += kMappedBits;
  // 10.1.0.0/8 may mean 10.1.0.0/16 or 10.0.0.0/8: whoever wrote it has to say.
  for (unsigned bit = bits; bit < 128; ++bit) {
    if (((*address)[bit / 8] >> (7 - bit % 8) & 1) != 0) return std::nullopt;
  }
  return Network{*address, bits};
}

bool AddressSet::contains(std::string_view address) const {
  if (networks_.empty()) return false;
  const std::optional<Bytes> bytes = parse_address(address);
  return bytes && std::ranges::any_of(networks_, [&](const Network& network) {
           return share_bits(*bytes, network.address, network.prefix_bits);
         });
}

}  // namespace thumbmill
