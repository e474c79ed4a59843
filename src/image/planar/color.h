// Colours: from planes to RGB pixels, and from a profile's colours to sRGB, on small pictures only.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "image/planar/picture.h"

namespace thumbmill::planar {

class ProfileTransform;

/// Interleaved RGB of planes that are all of the same size (chroma_divisor 1). YCbCr as in ITU-T
/// T.871 section 7, with the picture's weights; grey three times; rgb as it is; of cmyk what each
/// ink leaves of red, green and blue, and black of all three, as browsers do without a profile.
/// With alpha four channels, divided by it: what cannot be seen is black.
Pixels to_rgb(const Picture& picture);

/// The same through `transform`, which may be null, to sRGB.
Pixels to_srgb(const Picture& picture, const ProfileTransform* transform);

/// Without alpha: on `background` where there is any.
Pixels flattened(Pixels pixels, Color background);

/// A profile's way to sRGB: relative colorimetric with black-point compensation (ISO 18619), so
/// that the blackest ink is black. Immutable.
class ProfileTransform {
 public:
  struct State;
  explicit ProfileTransform(std::unique_ptr<State> state);
  ~ProfileTransform();
  ProfileTransform(const ProfileTransform&) = delete;
  ProfileTransform& operator=(const ProfileTransform&) = delete;

  /// Changes nothing that can be seen, and need not be applied.
  bool is_identity() const;
  /// In place. Grey pixels hold their level three times. Alpha stays. Not for cmyk.
  void apply(Pixels& pixels) const;
  /// Pixels of a picture in cmyk.
  Pixels apply(const Picture& inks) const;

 private:
  const std::unique_ptr<State> state_;
};

/// Transforms by profile: making one takes a millisecond, and the photos of one camera share it.
/// Keeps the latest few. Thread-safe.
class ProfileCache {
 public:
  ProfileCache();
  ~ProfileCache();

  /// For a picture in `model`. Null for a profile that cannot be used, or is for other colours:
  /// then the picture's are taken for sRGB, for slightly wrong colours are worth more than none.
  /// Owned by the cache and its callers.
  std::shared_ptr<const ProfileTransform> find(const std::string& profile, ColorModel model);

 private:
  struct Entry {
    std::string profile;
    ColorModel model = ColorModel::rgb;
    std::shared_ptr<const ProfileTransform> transform;
  };
  std::mutex mutex_;
  std::vector<Entry> entries_;  // the latest last
};

}  // namespace thumbmill::planar
