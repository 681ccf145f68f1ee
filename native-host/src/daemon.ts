/** The SIP service's process; one per user. Compiled modules are cached from the first moment, so that it starts at once. */
import { enableCompileCache } from "node:module";

enableCompileCache();
const { runDaemon } = await import("./daemon-process.ts");
await runDaemon(process.argv.slice(2));
