/** The values of the control API as JSON Schema: what requests are checked by, answers are written by, and OpenAPI shows. */

import { EVENT_NAMES } from "../admin-events.ts";

export interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: number | boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly oneOf?: readonly Schema[];
}

const MOST = 1_000_000_000;
const FLAG: Schema = { type: "boolean" };
const TEXT: Schema = { type: "string" };
const COUNT: Schema = { type: "integer", minimum: 0, maximum: MOST };

export const CONFERENCE_ID: Schema = {
  type: "string",
  pattern: "^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$",
  description: "The name of a conference: the user part of its URI.",
};

export const PARTICIPANT_ID: Schema = {
  type: "string",
  pattern: "^[0-9a-f]{16}$",
  description: "Means nothing, and stays the same while its participant moves.",
};

export const CURSOR: Schema = {
  type: "string",
  pattern: "^[A-Za-z0-9._~-]{1,100}$",
  description: "`next` of the page before.",
};

export const LIMIT: Schema = { type: "integer", minimum: 1, maximum: 1000, default: 100 };

/** All of the properties are there, except those named. */
function record(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required, additionalProperties: false };
}

export const POLICY = record(
  {
    title: { type: "string", description: "What people call it; from its name when missing." },
    locked: { ...FLAG, description: "Nobody more comes in." },
    lobby: { ...FLAG, description: "Newcomers wait until a moderator is there, or lets them in." },
    countForAll: { ...FLAG, description: "Whoever asks learns how many are in it." },
    capacity: COUNT,
    muteOnEntry: FLAG,
    pinRequired: { ...FLAG, description: "Whether there is a PIN; nobody reads it from here." },
    tokens: { ...COUNT, description: "How many tokens open the door." },
  },
  ["title"],
);

export const POLICY_CHANGE: Schema = {
  ...record(
    {
      title: { type: ["string", "null"], maxLength: 100, description: "null takes it away." },
      locked: FLAG,
      lobby: FLAG,
      pin: { type: ["string", "null"], pattern: "^\\d{4,12}$", description: "null takes it away." },
      tokens: {
        type: "array",
        maxItems: 100,
        items: { type: "string", pattern: "^[A-Za-z0-9._~-]{8,128}$" },
      },
      countForAll: FLAG,
      capacity: { type: "integer", minimum: 1, maximum: 100_000 },
      muteOnEntry: FLAG,
    },
    ["title", "locked", "lobby", "pin", "tokens", "countForAll", "capacity", "muteOnEntry"],
  ),
  description: "What is to be different.",
};

export const CONFERENCE = record({
  id: CONFERENCE_ID,
  uri: TEXT,
  title: TEXT,
  held: { ...FLAG, description: "Whether somebody is in it or being called; else it is set up only." },
  participants: COUNT,
  waiting: { ...COUNT, description: "Those who wait to be let in; they are not among the participants." },
  calling: { ...COUNT, description: "Phones that ring for it." },
  talking: COUNT,
  policy: POLICY,
});

export const PARTICIPANT = record({
  id: PARTICIPANT_ID,
  conference: CONFERENCE_ID,
  name: TEXT,
  uri: TEXT,
  status: { type: "string", enum: ["connected", "muted-via-focus", "on-hold", "pending"] },
  method: { type: "string", enum: ["dialed-in", "dialed-out"] },
  moderator: FLAG,
  muted: { ...FLAG, description: "The conference does not listen to them, whatever their phone sends." },
  media: { type: "string", enum: ["sendrecv", "sendonly", "recvonly", "inactive"] },
  talking: FLAG,
  hand: { ...FLAG, description: "Whether their hand is raised." },
  joined: { type: "string", format: "date-time" },
});

const NEXT: Schema = { ...TEXT, description: "`after` for the next page; missing on the last one." };

export const CONFERENCES = record(
  { total: COUNT, conferences: { type: "array", items: CONFERENCE }, next: NEXT },
  ["next"],
);

export const PARTICIPANTS = record(
  { total: COUNT, participants: { type: "array", items: PARTICIPANT }, next: NEXT },
  ["next"],
);

export const ENDED = record({ ended: { ...COUNT, description: "How many were in it." } });
export const LOCK = record({ locked: FLAG });
export const MUTE = record({ muted: FLAG });

export const MOVE = record({
  participants: { type: "array", items: PARTICIPANT_ID, minItems: 1, maxItems: 1000, uniqueItems: true },
  to: CONFERENCE_ID,
});

export const MOVES = record({
  moves: {
    type: "array",
    items: record({ participant: PARTICIPANT_ID, moved: FLAG, detail: TEXT }, ["detail"]),
  },
});

export const DIAL_OUT = record(
  {
    uri: { type: "string", maxLength: 512, description: "The SIP URI of whom to call." },
    name: { type: "string", minLength: 1, maxLength: 256, description: "What the roster calls them." },
  },
  ["name"],
);

export const CALLING = record({ conference: CONFERENCE_ID, uri: TEXT });

export const DRAIN = record(
  {
    limitS: {
      type: "integer",
      minimum: 0,
      maximum: 604_800,
      default: 3_600,
      description: "After so many seconds the server ends whoever is still in a conference.",
    },
  },
  ["limitS"],
);

export const DRAINING = record({ draining: FLAG, limitS: COUNT }, ["limitS"]);

export const HEALTH = record({
  status: { type: "string", enum: ["ok", "draining", "unwell"] },
  problems: { type: "array", items: TEXT, description: "A sentence for each thing that is wrong." },
  conferences: COUNT,
  participants: COUNT,
});

export const EVENT_STREAM: Schema = {
  type: "string",
  description: `Server-Sent Events: ${EVENT_NAMES.join(", ")}, and \`reset\` when events were missed.`,
};

export const PROBLEM: Schema = record({
  type: TEXT,
  title: TEXT,
  status: { type: "integer", minimum: 400, maximum: 599 },
  detail: { ...TEXT, description: "One sentence." },
});

/** Those that OpenAPI lists by name. */
export const NAMED: Readonly<Record<string, Schema>> = {
  Conference: CONFERENCE,
  Conferences: CONFERENCES,
  Participant: PARTICIPANT,
  Participants: PARTICIPANTS,
  Policy: POLICY,
  PolicyChange: POLICY_CHANGE,
  Ended: ENDED,
  Lock: LOCK,
  Mute: MUTE,
  Move: MOVE,
  Moves: MOVES,
  DialOut: DIAL_OUT,
  Calling: CALLING,
  Drain: DRAIN,
  Draining: DRAINING,
  Health: HEALTH,
  Problem: PROBLEM,
};
