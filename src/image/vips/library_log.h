// What GLib and the libraries on it have to say: warnings about images, of which there are many.
// Internal to image/vips.
#pragma once

namespace thumbmill {

/// Has the whole process's GLib messages written plainly to standard error if they are critical or
/// worse, the last words of a process that such a message ends; and dropped if not. GLib's own way
/// asks first whether the system's journal listens there, and a confined process is killed for the
/// question. Again is as once.
void write_only_grave_library_messages();

}  // namespace thumbmill
