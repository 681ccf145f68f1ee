/** What each browser starts: a pipe between native messaging and the service. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { dataDir } from "./environment.ts";

enableCompileCache(join(dataDir(), "compile-cache"));
// Loaded only now, so that the cache serves it.
const { runBridge } = await import("./api/bridge-pipe.ts");
await runBridge();
