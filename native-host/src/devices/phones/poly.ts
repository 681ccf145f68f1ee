/** Poly (Polycom) VVX, Edge and Trio: the REST interface, the same by NOTIFY, and the push of older firmware. */

import {
  type Dialect,
  fieldOf,
  get,
  type PhoneCall,
  type PhoneCallState,
  postJson,
  readJson,
  textOf,
} from "./dialect.ts";

const DONE = "2000";

/** Status of an answer that says no (Poly REST manual). */
const REFUSALS: Readonly<Record<string, string>> = {
  "4000": "it did not like the request",
  "4001": "the phone is busy",
  "4002": 'its line is not registered; set "account" to a line that is',
  "4003": "that is not allowed in its present state",
  "4004": "this model cannot do that",
  "4005": 'it has no such line; set "account" to one it has',
  "4007": "it has no such call",
  "4009": "the address is too long",
  "4010": "it still has its first password; change it on the phone",
};

const STATES: readonly (readonly [RegExp, PhoneCallState])[] = [
  [/offering/i, "incoming"],
  [/ringback|alerting/i, "ringing"],
  [/connected|active|hold/i, "established"],
  [/disconnect|terminat|ended/i, "ended"],
  [/./, "outgoing"],
];

const BY_REF = { data: { Ref: "{call}" } };
const DIAL = { data: { Dest: "{number}", Line: "{account}", Type: "{kind}" } };
const command = (name: string, body: unknown) => postJson(`/api/v1/callctrl/${name}`, body);
const told = (name: string, { data }: { data: unknown }) =>
  JSON.stringify({ "command-URI": `/api/v1/callctrl/${name}`, data });

export const poly: Dialect = {
  model: "poly",
  vendor: "Poly",
  madeBy: /polycom|poly\b|polyvvx|polyedge/i,
  dials: "addresses",
  account: "1",
  http: {
    dial: command("dial", DIAL),
    answer: command("answerCall", BY_REF),
    hangUp: command("endCall", BY_REF),
    hold: command("holdCall", BY_REF),
    resume: command("resumeCall", BY_REF),
    mute: command("mute", { data: { state: "1" } }),
    unmute: command("mute", { data: { state: "0" } }),
    dtmf: command("sendDTMF", { data: { Digits: "{digit}" } }),
    probe: get("/api/v1/mgmt/device/info"),
    calls: get("/api/v2/webCallControl/callStatus"),
  },
  notify: {
    event: "ACTION-URI",
    type: "application/JSON",
    bodies: { dial: told("dial", DIAL) },
  },
  refusal: (body) => {
    const status = textOf(fieldOf(readJson(body), "Status"));
    if (status === DONE) return undefined;
    return (
      REFUSALS[status] ??
      (status === "" ? "its answer is not of the REST interface" : `it answered ${status}`)
    );
  },
  readCalls: (body) => {
    const listed = fieldOf(readJson(body), "data");
    const calls = Array.isArray(listed) ? listed : [listed];
    return calls.flatMap((call: unknown): PhoneCall[] => {
      const ref = textOf(fieldOf(call, "Ref")) || textOf(fieldOf(call, "CallHandle"));
      const words = textOf(fieldOf(call, "CallState"));
      const state = STATES.find(([fits]) => fits.test(words))?.[1];
      return ref && state ? [{ ref, state, remote: textOf(fieldOf(call, "RemotePartyNumber")) }] : [];
    });
  },
  advice: {
    forbidden:
      "switch on the REST interface and its web server in the phone (apps.restapi.enabled=1, httpd.enabled=1)",
    missing: 'switch on the REST interface (apps.restapi.enabled=1), or set "model" to "polycom-push"',
  },
};

const push = (content: string) => ({
  method: "POST" as const,
  path: "/push",
  type: "application/x-com-polycom-spipx",
  body: `<PolycomIPPhone><Data priority="Critical">${content}</Data></PolycomIPPhone>`,
});

/** It never tells what came of a push, and soft keys change with the screen. */
export const polycomPush: Dialect = {
  model: "polycom-push",
  vendor: "Polycom",
  madeBy: /soundpoint|soundstation/i,
  dials: "addresses",
  http: {
    dial: push("tel:\\\\{number}"),
    answer: push("Key:Softkey1"),
    hangUp: push("Key:Softkey2"),
    probe: get("/"),
  },
  advice: {
    forbidden: "allow pushes of all priorities in the phone (apps.push.messageType=5)",
    missing: "switch on push in the phone (apps.push.username, apps.push.password)",
  },
};
