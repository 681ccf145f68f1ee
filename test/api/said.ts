/** The service's own examples, made by the service's own hands. */
import { accepted, answered, errorElement, refused } from "../../native-host/src/api/answers.ts";
import type { CallView, DeviceView, ServiceEvent } from "../../native-host/src/api/call-control.ts";
import {
  accountElement,
  callElement,
  deviceElement,
  eventElement,
  happenedElement,
  tunnelElement,
} from "../../native-host/src/api/events.ts";
import { el, type XmlElement } from "../../native-host/src/xml/strict.ts";

const soft: DeviceView = {
  dev: "soft",
  kind: "softphone",
  name: "Baresip on this computer",
  state: "ready",
  caps: ["loop", "transfer", "mute", "dtmf"],
  default: true,
};
const desk: DeviceView = {
  ...soft,
  dev: "desk",
  kind: "http",
  name: "Yealink T46 (desk)",
  caps: ["dial", "answer", "hangup", "hold", "mute", "dtmf"],
  default: false,
};
const call: CallView = {
  call: "c7",
  id: "sip:conf1@conf.example.com",
  dir: "out",
  state: "active",
  dev: "soft",
  mode: "loop",
  focus: true,
  muted: false,
};
const moved: CallView = { ...call, id: "sip:conf2@conf.example.com" };
const conf = "sip:conf2@conf.example.com";
const arup = { entity: "sip:arup@example.com", state: "full" as const };
const fails = (code: Parameters<typeof errorElement>[0]["code"], more: object = {}) => ({ code, ...more });
const event = (seq: number, sub: string | undefined, happened: ServiceEvent | XmlElement) =>
  eventElement(seq, sub, "attributes" in happened ? happened : happenedElement(happened));

/** The service's examples, in their order, as the service makes them. */
export const SAID: readonly XmlElement[] = [
  answered("h1", {
    welcome: {
      version: 1,
      service: "partyline/0.1",
      features: "loop transfer roster talking invite tunnel",
      client: "k3",
      seq: 0,
    },
  }),
  accepted("1", "c7"),
  event(1, undefined, {
    name: "Prompt",
    prompt: {
      prompt: "p1",
      id: "sip:arup@research.ibm.com",
      origin: "https://people.example.com",
      expiresS: 60,
      devices: [desk, soft],
    },
  }),
  event(2, "s1", {
    name: "Call",
    call: { ...call, secure: "dtls-srtp", since: new Date("2026-11-22T16:00:02Z") },
  }),
  answered("3", { attributes: { call: "c7", conf: call.id } }),
  event(3, "s1", { name: "Call", call: { ...moved, state: "switching" } }),
  answered("4", { attributes: { call: "c7", conf, gap: 18 } }),
  refused(
    "4",
    fails("switch-failed", { sip: 486, reason: "Busy Here", detail: `still in ${call.id}` }),
    "c7",
  ),
  answered("6", {
    attributes: { call: "c7", conf },
    failure: fails("partial-failure"),
    children: [
      el("Add", { id: "sip:edie@example.com", state: "joined" }),
      el("Add", { id: "sip:aameek@example.com", state: "failed" }, [
        errorElement(fails("busy", { sip: 486, reason: "Busy Here" })),
      ]),
    ],
  }),
  answered("9", {
    children: [
      el("Devices", {}, [
        deviceElement({
          ...soft,
          name: "Baresip",
          state: "busy",
          caps: ["loop", "transfer"],
          default: false,
        }),
      ]),
    ],
  }),
  answered("10", {
    children: [
      el("Status", {}, [
        accountElement({ id: "sip:alice@example.com", state: "registered" }),
        callElement(moved),
      ]),
    ],
  }),
  answered("11", { attributes: { sub: "s4" } }),
  event(4, "s4", {
    name: "Roster",
    roster: {
      conf,
      version: 1,
      state: "full",
      count: 2,
      title: "Forum: films",
      users: [
        {
          ...arup,
          display: "Arup",
          me: true,
          endpoints: [
            {
              entity: "sip:arup@192.0.2.1;gr=1",
              state: "full",
              status: "connected",
              muted: false,
              joined: new Date("2026-11-22T16:00:02Z"),
            },
          ],
        },
        {
          entity: "sip:anon-7f@conf.example.com",
          display: "Guest 2",
          state: "full",
          me: false,
          endpoints: [],
        },
      ],
    },
  }),
  event(5, "s4", {
    name: "Roster",
    roster: {
      conf,
      version: 2,
      state: "partial",
      count: 1,
      users: [{ entity: "sip:anon-7f@conf.example.com", state: "deleted", me: false, endpoints: [] }],
    },
  }),
  event(6, "s5", { name: "Talking", conf, entity: arup.entity, on: true }),
  event(7, "s4", { name: "Ended" }),
  event(9, "s4", el("Lagged", { lost: 12 })),
  answered("20", { attributes: { channel: "t1" } }),
  event(
    10,
    undefined,
    tunnelElement("sip", "t1", { type: "message/sipfrag", body: Buffer.from("SIP/2.0 200 OK") }),
  ),
  refused(undefined, fails("bad-xml", { detail: "line 1, column 22: attribute value must be quoted" })),
  refused("22", fails("unknown-command", { detail: "Teleport" })),
  refused(
    "23",
    fails("device-refused", {
      sip: 403,
      reason: "Forbidden",
      detail: "desk: HTTP 403 - allow this computer in the phone's Action URI list",
    }),
  ),
  event(11, undefined, el("WebRing", { dev: "web-0123abcd", session: "w1" })),
  answered("28", { children: [el("Sdp", {}, ["v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\n"])] }),
  event(12, undefined, el("WebHangup", { dev: "web-0123abcd", session: "w1" })),
  event(13, "s4", {
    name: "Roster",
    roster: {
      conf: "sip:films@127.0.0.1:5080",
      version: 3,
      state: "partial",
      count: 2,
      users: [
        {
          ...arup,
          state: "partial",
          me: false,
          endpoints: [
            {
              entity: "sip:arup@192.0.2.1",
              state: "full",
              status: "connected",
              muted: false,
              talking: true,
              hand: true,
            },
          ],
        },
      ],
    },
  }),
  event(9, "s6", {
    name: "Trace",
    message: {
      at: new Date("2026-07-01T12:00:00Z"),
      direction: "out",
      transport: "UDP",
      local: { address: "127.0.0.1", port: 5060 },
      peer: { address: "::1", port: 5080 },
      bytes: Buffer.from("OPTIONS sip:h SIP/2.0\r\n\r\n"),
    },
  }),
  answered("h2", {
    welcome: {
      version: 1,
      service: "partyline/0.1",
      features: "loop resume",
      client: "k9",
      resume: "k9.0f9c21aa7d5e4b36",
      seq: 57,
    },
  }),
  answered("30", { attributes: { sub: "s1", replayed: 2 } }),
  answered("34", { attributes: { detail: "The tone was heard on both ways." } }),
  event(14, "s7", {
    name: "Presence",
    presence: { conf: "sip:films@127.0.0.1:5080", entity: arup.entity, display: "Arup", here: true },
  }),
  event(15, "s8", {
    name: "Account",
    account: { id: "sip:alice@example.com", state: "failed", sip: 403, reason: "Forbidden" },
  }),
  event(16, "s9", {
    name: "Device",
    device: {
      ...soft,
      dev: "desk",
      kind: "sip",
      name: "Desk",
      state: "offline",
      caps: ["loop"],
      default: false,
    },
  }),
  event(17, "s1", {
    name: "Call",
    call: {
      call: "c8",
      id: "sip:bob@example.com",
      display: "Bob",
      dir: "in",
      state: "ended",
      mode: "loop",
      focus: false,
      muted: false,
      error: fails("no-answer", { detail: "You did not answer." }),
    },
  }),
  refused("37", {
    ...fails("rate-limited", { detail: "These commands come too fast; try again in a moment." }),
    retryS: 1,
  } as Parameters<typeof refused>[1]),
  refused(undefined, fails("unauthorized", { detail: "This client did not show the token it needs." })),
  event(18, "s1", {
    name: "Call",
    call: { ...call, id: "sip:films@127.0.0.1:5080", state: "held", muted: true, client: "k3" },
  }),
  event(19, "s4", {
    name: "Roster",
    roster: {
      conf: "sip:films@127.0.0.1:5080",
      version: 4,
      state: "full",
      count: 1,
      locked: true,
      users: [{ ...arup, role: "moderator", me: false, endpoints: [] }],
    },
  }),
  event(20, "s2", { name: "PromptOver", prompt: "p1" }),
  event(21, "s1", {
    name: "Call",
    call: { ...call, id: "sip:films@127.0.0.1:5080", state: "switching", rejoining: true },
  }),
  event(22, "s1", {
    name: "Call",
    call: { ...call, id: "sip:films@127.0.0.1:5080", state: "active", waiting: true },
  }),
  event(23, "s1", {
    name: "Call",
    call: { ...call, id: "sip:films@127.0.0.1:5080", state: "active", muted: true, mutedBy: "moderator" },
  }),
];
