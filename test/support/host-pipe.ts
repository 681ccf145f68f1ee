/** A native host for tests: a pipe between the browser and the test, which plays the service. */
import net from "node:net";

const socket = net.connect(process.argv[2] ?? "");
process.stdin.pipe(socket);
socket.pipe(process.stdout);
socket.on("close", () => process.exit(0));
socket.on("error", () => process.exit(1));
process.stdin.on("end", () => socket.end());
