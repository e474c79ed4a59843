// What of the settings is each part's, in that part's own terms.
#pragma once

#include "api/guard.h"
#include "api/stream_slots.h"
#include "api/upload.h"
#include "app/settings.h"
#include "base/log.h"
#include "net/http_server.h"
#include "service/janitor.h"
#include "service/worker.h"
#include "store/object_store.h"

namespace thumbmill {

/// Store, places and reserve outlive what these settings are given to.
UploadSettings upload_settings(const Settings& settings, const ObjectStore& store,
                               SpoolPlaces& spool_places, const DiskReserve& disk_reserve);

ClientLimits client_limits(const Settings& settings);

HttpServerOptions server_options(const Settings& settings, const ListenAddress& address);

/// Of the operations port, which has few and trusted clients.
HttpServerOptions admin_options(const Settings& settings);

StreamLimits stream_limits(const Settings& settings);

WorkerOptions worker_options(const Settings& settings);

JanitorOptions janitor_options(const Settings& settings);

/// "auto" is text on a terminal (of stderr), JSON elsewhere.
LogFormat log_format(const Settings& settings);

/// Whether others than this machine can reach the API and are asked for no key.
bool is_open_to_others(const Settings& settings);

}  // namespace thumbmill
