// Texts as they may stand where a record of ours is expected: for every parser of outside text.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace thumbmill {

/// Nothing, other forms, deep nesting, broken UTF-8, and bytes without any form. Always the same.
inline std::vector<std::string> strange_texts() {
  std::vector<std::string> texts = {"",
                                    " ",
                                    "\n",
                                    "null",
                                    "true",
                                    "7",
                                    "-0",
                                    "1e999",
                                    "\"text\"",
                                    "[]",
                                    "{}",
                                    "[{}]",
                                    "{",
                                    "[",
                                    "\"",
                                    "{\"a\"",
                                    "{\"a\":}",
                                    "{\"v\":1}",
                                    "'; DROP TABLE jobs; --",
                                    "../../etc/passwd",
                                    "%s%n",
                                    "\xff\xfe",
                                    "\xed\xa0\x80",
                                    "\xf4\x90\x80\x80",
                                    "{\"\xff\":1}",
                                    "\"\\ud800\""};
  texts.emplace_back("\0", 1);
  texts.emplace_back("{\"v\":1}\0trailing", 16);
  texts.emplace_back(100'000, 'x');
  for (const auto& [open, close] : {std::pair("[", "]"), std::pair("{\"a\":", "}")}) {
    for (const int depth : {33, 10'000}) {
      std::string nested = "1";
      for (int i = 0; i < depth; ++i) nested += close;
      std::string front;
      for (int i = 0; i < depth; ++i) front += open;
      texts.push_back(front + nested);
    }
  }
  std::mt19937 bytes(20261201);  // NOLINT(cert-msc51-cpp): always the same
  for (std::size_t size = 1; size <= 256; ++size) {
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(bytes());
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace thumbmill
