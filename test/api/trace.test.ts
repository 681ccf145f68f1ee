/** The topic `trace`: every SIP message of the service as an event. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Traced } from "#sip/trace.ts";
import { readTraced } from "../../native-host/src/commands/traced-message.ts";
import { apiCast } from "../support/api-cast.ts";

const message = (bytes: Buffer): Traced => ({
  at: new Date("2026-07-01T12:00:00.123Z"),
  direction: "out",
  transport: "WSS",
  local: { address: "::1", port: 5060 },
  peer: { address: "192.0.2.7", port: 5061 },
  bytes,
});

test("A message arrives byte by byte as it was, whatever is in it", async (t) => {
  const { service, connect } = await apiCast(t);
  const alice = await connect();
  await alice.ask("1", '<Subscribe req="1" to="trace"/>');
  const sent = message(Buffer.from("SIP/2.0 200 OK\r\nX: <&\"']]>\r\n\r\n\0\u0001\uffff", "utf8"));

  service.emit("trace", { name: "Trace", message: sent });
  const event = await alice.hears(({ children }) => children[0]?.name === "Trace");
  const [trace] = event.children;

  assert.deepEqual(trace && readTraced(trace), sent);
});

test("A client that reads too slowly is told how many messages it missed, and goes on", async (t) => {
  const { service, connect } = await apiCast(t);
  const alice = await connect();
  await alice.ask("1", '<Subscribe req="1" to="trace"/>');
  alice.socket.pause();
  const big = message(Buffer.alloc(32_768, "x"));
  for (let count = 0; count < 200; count += 1) service.emit("trace", { name: "Trace", message: big });
  alice.socket.resume();
  const lagged = await alice.hears(({ children }) => children[0]?.name === "Lagged");
  const heard = alice.heard.filter(({ children }) => children[0]?.name === "Trace").length;

  assert.equal(Number(lagged.children[0]?.attributes["lost"]) + heard, 200);
  service.emit("trace", { name: "Trace", message: message(Buffer.from("BYE")) });
  await alice.hears(
    ({ children }) => children[0]?.children[0]?.text === Buffer.from("BYE").toString("base64"),
  );
});
