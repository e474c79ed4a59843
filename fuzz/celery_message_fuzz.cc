// Messages on a Celery queue come from whoever may publish there.
#include "base/status.h"
#include "fuzz_target.h"
#include "model/object_key.h"
#include "queue/celery/celery_message.h"
#include "queue/celery/revoked_tasks.h"

using namespace thumbmill;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(revoked_by(fuzz_text(data, size)));
  const auto message = parse_celery_message(fuzz_text(data, size));
  if (!message.ok()) return 0;
  THUMBMILL_CHECK(!message->id.empty());
  if (!message->refusal.ok()) return 0;
  THUMBMILL_CHECK(!message->name.empty());
  for (const char* text : {"{0}", "{1}", "{path}"}) {
    const auto key = fill_template(text, *message);
    if (key.ok()) THUMBMILL_CHECK(is_object_key(*key));
  }
  return 0;
}
