/**
 * Prints who is in the conference of the current call and who talks, until Ctrl-C:
 *
 *   node examples/who-talks.ts
 */
import { PartylineClient } from "partyline/client";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

const names = new Map<string, string>();
/** They are listed while their phone is being called into the conference, too. */
const isOnlyCalled = ({ status = "" }) => ["pending", "dialing-out", "alerting"].includes(status);
const say = (line: string) => process.stdout.write(`${line}\n`);

const partyline = await PartylineClient.connect({ name: "who talks", signal: stop.signal });
const { calls } = await partyline.send("Status");
say(calls.length === 0 ? "No call yet; waiting for one." : `In ${calls.map(({ id }) => id).join(", ")}.`);

await partyline.follow("roster", (event) => {
  if (event.name !== "Roster") return;
  for (const { entity, display = entity, state, endpoints } of event.roster.users) {
    if (state === "deleted" || endpoints.some(isOnlyCalled)) names.delete(entity);
    else names.set(entity, display);
  }
  say(`Here: ${[...names.values()].join(", ") || "nobody"}.`);
});

await partyline.follow("talking", (event) => {
  if (event.name !== "Talking") return;
  say(`${names.get(event.entity) ?? event.entity} ${event.on ? "talks" : "is quiet"}.`);
});

await partyline.closed;
