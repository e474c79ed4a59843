// The commands of the program: `thumbmill <command> ...`. Each parses its own arguments, does its
// work and returns an exit code of sysexits(3).
#pragma once

namespace thumbmill {

/// `argv[0]` is the command's name in all of these.
int cmd_serve(int argc, char** argv);    ///< the whole service in this process
int cmd_api(int argc, char** argv);      ///< the API alone, beside workers elsewhere
int cmd_worker(int argc, char** argv);   ///< workers alone
int cmd_janitor(int argc, char** argv);  ///< sweep, expiry and the queue's gauges alone
int cmd_make(int argc, char** argv);     ///< thumbnails of local files, without a server
int cmd_load(int argc, char** argv);     ///< load generator against a server
int cmd_plan(int argc, char** argv);     ///< simulates autoscalers on traffic
int cmd_sweep(int argc, char** argv);    ///< one sweep by hand
int cmd_dead(int argc, char** argv);     ///< dead letters: list, show, retry, purge
int cmd_keys(int argc, char** argv);     ///< API keys: new, list, revoke
int cmd_config(int argc, char** argv);   ///< the effective settings
int cmd_doctor(int argc, char** argv);   ///< checks store, queue and decoders
int cmd_health(int argc, char** argv);   ///< whether a running process is well
int cmd_version(int argc, char** argv);  ///< version and libraries

}  // namespace thumbmill
