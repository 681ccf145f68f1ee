/**
 * The SIP service's process; one per user. Compiled modules are cached from the first moment, so that it starts at once;
 * plain JavaScript, because the first TypeScript file would load the compiler: 50 ms and 13 MB that last.
 */
import { enableCompileCache } from "node:module";

enableCompileCache();
const { runDaemon } = await import("../src/daemon-process.ts");
await runDaemon(process.argv.slice(2));
