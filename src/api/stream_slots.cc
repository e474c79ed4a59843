#include "api/stream_slots.h"

namespace thumbmill {

std::unique_ptr<StreamSlots::Slot> StreamSlots::take(const std::string& client, Refusal& refusal) {
  const std::lock_guard lock(mutex_);
  refusal = Refusal::none;
  if (taken_ >= limits_.streams) {
    refusal = Refusal::all;
    return nullptr;
  }
  const bool counted = !client.empty() && limits_.per_client > 0;
  if (counted && by_client_[client] >= limits_.per_client) {
    refusal = Refusal::client;
    return nullptr;
  }
  ++taken_;
  if (!counted) return std::make_unique<Slot>(*this, "");
  ++by_client_[client];
  return std::make_unique<Slot>(*this, client);
}

void StreamSlots::give_back(const std::string& client) {
  const std::lock_guard lock(mutex_);
  --taken_;
  if (client.empty()) return;
  const auto found = by_client_.find(client);
  if (--found->second == 0) by_client_.erase(found);
}

}  // namespace thumbmill
