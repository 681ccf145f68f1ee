/** What a member asks of a conference by INFO of the package conference-control (docs/running-the-servers.md). */
import type { Leg } from "#sip/leg.ts";

export function asksConference(leg: Leg, inside: string): Promise<void> {
  const content = `<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:x@y" state="partial">${inside}</conference-info>`;
  return leg.info("conference-control", { type: "application/conference-info+xml", content });
}

export function mutes(leg: Leg, user: string, muted = true): Promise<void> {
  return asksOf(leg, user, `<media id="1"><status>${muted ? "recvonly" : "sendrecv"}</status></media>`);
}

export function raises(leg: Leg, user: string, raised = true): Promise<void> {
  return asksOf(leg, user, `<hand xmlns="urn:partyline:conference:1">${raised}</hand>`);
}

function asksOf(leg: Leg, user: string, inside: string): Promise<void> {
  const endpoint = `<endpoint entity="${user}" state="partial">${inside}</endpoint>`;
  return asksConference(leg, `<users><user entity="${user}" state="partial">${endpoint}</user></users>`);
}
