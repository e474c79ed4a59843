// The container reader on files made box by box: what it reads, and what it does not let a file do.
#include "image/heif/container.h"

#include <gtest/gtest.h>

#include "heif_files.h"

namespace thumbmill::heif {
namespace {

Code code_of(const std::string& file) { return read_container(file).status().code(); }

std::string with_meta(const std::string& boxes) {
  return box("ftyp", "mif1" + number(0, 4)) +
         full_box("meta", 0, 0,
                  full_box("hdlr", 0, 0, number(0, 4) + "pict" + number(0, 13)) + boxes);
}

const std::string kPrimary = full_box("pitm", 0, 0, number(1, 2));

std::string entries(const std::string& types) {
  std::string boxes;
  for (std::size_t i = 0; i < types.size() / 4; ++i) {
    boxes += full_box("infe", 2, 0, number(i + 1, 2) + number(0, 2) + types.substr(4 * i, 4));
  }
  return full_box("iinf", 0, 0, number(types.size() / 4, 2) + boxes);
}

TEST(HeifContainer, ReadsItemsPropertiesAndReferences) {
  HeifFile file;
  const auto picture = file.add_item("hvc1", "abc");
  const auto other = file.add_item("Exif", "defg", true);
  file.use(picture, {file.add_property("irot", number(1, 1)), true});
  file.use(picture, {file.add_property("ispe", ispe({7, 5}))});
  file.refer("cdsc", other, {picture});
  const std::string bytes = file.build();
  const auto container = read_container(bytes);
  ASSERT_TRUE(container.ok()) << container.status().to_string();
  EXPECT_EQ(container->primary, 1u);
  ASSERT_EQ(container->items.size(), 2u);
  const Item& first = *container->find(picture);
  EXPECT_EQ(first.type, fourcc("hvc1"));
  ASSERT_EQ(first.properties.size(), 2u);
  EXPECT_TRUE(first.properties[0].essential);
  EXPECT_FALSE(first.properties[1].essential);
  EXPECT_EQ(container->properties[first.properties[1].index].type, fourcc("ispe"));
  ASSERT_EQ(container->references.size(), 1u);
  EXPECT_EQ(container->references[0].type, fourcc("cdsc"));
  EXPECT_EQ(container->references[0].to, std::vector<std::uint32_t>{1});
  std::string joined;
  EXPECT_EQ(item_bytes(*container, first, joined).value(), "abc");
  EXPECT_EQ(item_bytes(*container, *container->find(other), joined).value(), "defg");
}

// Versions 0, 1 and 2 of iloc with numbers of every size.
TEST(HeifContainer, ReadsEveryKindOfPlace) {
  for (const std::size_t version : {0u, 1u, 2u}) {
    for (const std::size_t offset_bytes : {4u, 8u}) {
      for (const std::size_t base_bytes : {0u, 4u, 8u}) {
        const std::size_t id_bytes = version < 2 ? 2 : 4;
        const std::string head = with_meta("").substr(0, 24);
        const auto file_with = [&](std::size_t at) {
          std::string place = number(1, id_bytes);
          if (version > 0) place += number(0, 2);
          place += number(0, 2) + number(base_bytes > 0 ? at : 0, base_bytes) + number(2, 2);
          for (const std::size_t part : {0u, 4u}) {
            const std::size_t from = (base_bytes > 0 ? 0 : at) + part;
            place += number(from, offset_bytes) + number(3, 4);
          }
          const std::string location =
              full_box("iloc", static_cast<int>(version), 0,
                       number(offset_bytes << 4 | 4, 1) + number(base_bytes << 4, 1) +
                           number(1, id_bytes) + place);
          return with_meta(kPrimary + entries("hvc1") + location) + box("mdat", "abcdefg");
        };
        const std::string file = file_with(file_with(0).size() - 7);
        const auto container = read_container(file);
        ASSERT_TRUE(container.ok()) << container.status().to_string();
        std::string joined;
        EXPECT_EQ(item_bytes(*container, *container->find(1), joined).value(), "abcefg");
      }
    }
  }
}

TEST(HeifContainer, SaysWhatHasNoStillPicture) {
  const std::string type = box("ftyp", "msf1" + number(0, 4));
  EXPECT_EQ(code_of(type + box("moov", "")), Code::unsupported);
  EXPECT_EQ(code_of(type + box("mini", number(0, 1))), Code::corrupt_input);
  EXPECT_EQ(code_of(type), Code::corrupt_input);
  EXPECT_EQ(code_of(""), Code::corrupt_input);
  EXPECT_EQ(code_of(std::string(300, '\0')), Code::corrupt_input);
  EXPECT_EQ(code_of(type + full_box("meta", 0, 0, full_box("hdlr", 0, 0, number(0, 4) + "mdir"))),
            Code::unsupported);
  EXPECT_EQ(code_of(type + full_box("meta", 0, 0, full_box("hdlr", 0, 0, ""))),
            Code::corrupt_input);
}

TEST(HeifContainer, RefusesBoxesOfWrongSizes) {
  const std::string location = full_box("iloc", 1, 0, number(0x4400, 2) + number(0, 2));
  const std::string good = kPrimary + entries("hvc1") + location;
  ASSERT_EQ(code_of(with_meta(good)), Code::ok);
  for (const std::uint64_t size : {2ull, 7ull, 100'000ull, 0xffffffffull}) {
    EXPECT_EQ(code_of(with_meta(good + number(size, 4) + "free")), Code::corrupt_input) << size;
  }
  EXPECT_EQ(code_of(with_meta(good + number(0, 4) + "free")), Code::ok);  // to the end
  for (const std::uint64_t size : {0ull, 15ull, 17ull, ~0ull, 1ull << 63}) {
    EXPECT_EQ(code_of(with_meta(good + number(1, 4) + "free" + number(size, 8))),
              Code::corrupt_input)
        << size;
  }
  EXPECT_EQ(code_of(with_meta(good + number(1, 4) + "free" + number(16, 8))), Code::ok);
  EXPECT_EQ(code_of(with_meta(good + number(8, 4) + "uuid")), Code::corrupt_input);
}

TEST(HeifContainer, CountsLeadNowhere) {
  const std::string start = kPrimary + entries("hvc1");
  // As many items, extents, associations and references as a number can say.
  EXPECT_EQ(code_of(with_meta(start + full_box("iloc", 2, 0, number(0, 2) + number(~0u, 4)))),
            Code::corrupt_input);
  std::string places;
  for (int i = 0; i < 3000; ++i) places += number(9, 2) + number(0, 4) + number(0xffff, 2);
  EXPECT_EQ(
      code_of(with_meta(start + full_box("iloc", 1, 0, number(0, 2) + number(3000, 2) + places))),
      Code::unsupported);
  const std::string location = full_box("iloc", 1, 0, number(0x4400, 2) + number(0, 2));
  EXPECT_EQ(
      code_of(with_meta(start + location + box("iprp", full_box("ipma", 0, 0, number(~0u, 4))))),
      Code::corrupt_input);
  EXPECT_EQ(
      code_of(with_meta(start + location +
                        full_box("iref", 0, 0, box("dimg", number(1, 2) + number(0xffff, 2))))),
      Code::corrupt_input);
  std::string types;
  for (std::size_t i = 0; i <= kMostItems; ++i) types += "hvc1";
  EXPECT_EQ(code_of(with_meta(kPrimary + entries(types) + location)), Code::unsupported);
  std::string properties;
  for (std::size_t i = 0; i <= kMostProperties; ++i) properties += box("free", "");
  EXPECT_EQ(code_of(with_meta(start + location + box("iprp", box("ipco", properties)))),
            Code::unsupported);
}

TEST(HeifContainer, RefusesWhatIsSaidTwice) {
  const auto place = number(1, 2) + number(0, 4) + number(1, 2) + number(0, 4) + number(1, 4);
  const auto location = [&](int times) {
    std::string places;
    for (int i = 0; i < times; ++i) places += place;
    return full_box("iloc", 1, 0,
                    number(0x4400, 2) + number(static_cast<std::uint64_t>(times), 2) + places);
  };
  EXPECT_EQ(code_of(with_meta(kPrimary + entries("hvc1") + location(1))), Code::ok);
  EXPECT_EQ(code_of(with_meta(kPrimary + entries("hvc1") + location(2))), Code::corrupt_input);
  const std::string entry = full_box("infe", 2, 0, number(1, 2) + number(0, 2) + "hvc1");
  EXPECT_EQ(code_of(with_meta(kPrimary + full_box("iinf", 0, 0, number(2, 2) + entry + entry) +
                              location(1))),
            Code::corrupt_input);
}

TEST(HeifContainer, BytesStayInTheFile) {
  const auto bytes_at = [](std::uint64_t base, std::uint64_t offset, std::uint64_t length) {
    const std::string place = number(1, 2) + number(0, 4) + number(base, 8) + number(1, 2) +
                              number(offset, 8) + number(length, 8);
    const std::string file =
        with_meta(kPrimary + entries("hvc1") +
                  full_box("iloc", 1, 0, number(0x88, 1) + number(0x80, 1) + number(1, 2) + place));
    const auto container = read_container(file);
    if (!container.ok()) return container.status().code();
    std::string joined;
    return item_bytes(*container, *container->find(1), joined).status().code();
  };
  EXPECT_EQ(bytes_at(0, 0, 4), Code::ok);
  EXPECT_EQ(bytes_at(0, 0, 0), Code::ok);  // all of it
  EXPECT_EQ(bytes_at(0, 0, 100'000), Code::corrupt_input);
  EXPECT_EQ(bytes_at(0, 100'000, 0), Code::corrupt_input);
  EXPECT_EQ(bytes_at(4, ~0ull, 1), Code::corrupt_input);
  EXPECT_EQ(bytes_at(~0ull, 4, 1), Code::corrupt_input);
  EXPECT_EQ(bytes_at(0, 4, ~0ull), Code::corrupt_input);
}

// A thousand extents of the whole file would be a thousand times its size.
TEST(HeifContainer, AnItemIsNotLargerThanItsFile) {
  std::string place = number(1, 2) + number(0, 4) + number(1000, 2);
  for (int i = 0; i < 1000; ++i) place += number(0, 4) + number(2000, 4);
  const std::string file =
      with_meta(kPrimary + entries("hvc1") +
                full_box("iloc", 1, 0, number(0x4400, 2) + number(1, 2) + place));
  const auto container = read_container(file);
  ASSERT_TRUE(container.ok());
  std::string joined;
  EXPECT_EQ(item_bytes(*container, *container->find(1), joined).status().code(),
            Code::corrupt_input);
}

TEST(HeifContainer, EveryCutEndsInAStatus) {
  HeifFile file;
  const auto picture = file.add_item("hvc1", "abc");
  file.use(picture, {file.add_property("ispe", ispe({7, 5}))});
  file.refer("thmb", file.add_item("hvc1", "d"), {picture});
  const std::string whole = file.build();
  const std::size_t data_at = whole.find("mdat") - 4;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Code code = code_of(whole.substr(0, size));
    EXPECT_EQ(code, size < data_at ? Code::corrupt_input : Code::ok) << size;
  }
}

}  // namespace
}  // namespace thumbmill::heif
