/** Grandstream GRP and GXP: the CTI commands with the passcode in the address; GXV33xx: a login of its own. */

import { createHash } from "node:crypto";
import {
  type Ask,
  type Credentials,
  type Dialect,
  fieldOf,
  get,
  type PhoneCall,
  type PhoneCallState,
  readJson,
  type SignedIn,
  type Templates,
  textOf,
} from "./dialect.ts";

const STATES: Readonly<Record<string, PhoneCallState>> = {
  dialing: "outgoing",
  calling: "outgoing",
  connected: "established",
  onhold: "established",
  ringing: "incoming",
};

function requests(passcode: string): Templates {
  const operation = (command: string) => get(`/cgi-bin/api-phone_operation?${passcode}cmd=${command}`);
  return {
    dial: get(`/cgi-bin/api-make_call?${passcode}phonenumber={number}[&account={account}]`),
    answer: operation("acceptcall"),
    hangUp: operation("endcall"),
    probe: get(`/cgi-bin/api-get_phone_status${passcode === "" ? "" : "?passcode={password}"}`),
    calls: get(`/cgi-bin/api-get_line_status${passcode === "" ? "" : "?passcode={password}"}`),
  };
}

const common = {
  vendor: "Grandstream",
  dials: "digits",
  advice: {
    forbidden:
      "switch on CTI API Support in the phone (Settings, Call Features) and allow this computer there",
    missing: "this firmware has no CTI commands; update it or switch on CTI API Support",
  },
  refusal: (body: string) => {
    const answer = readJson(body);
    if (fieldOf(answer, "response") !== "error") return undefined;
    return textOf(fieldOf(answer, "body")) || "it answered with an error";
  },
  readCalls: (body: string): PhoneCall[] => {
    const lines = fieldOf(readJson(body), "body");
    return (Array.isArray(lines) ? lines : []).flatMap((line: unknown) => {
      const state = STATES[textOf(fieldOf(line, "state")).toLowerCase()];
      const ref = textOf(fieldOf(line, "line"));
      return state ? [{ ref, state, remote: textOf(fieldOf(line, "remotenumber")) }] : [];
    });
  },
} as const satisfies Partial<Dialect>;

export const grandstream: Dialect = {
  ...common,
  model: "grandstream",
  madeBy: /grandstream/i,
  http: requests("passcode={password}&"),
};

export const grandstreamGxv: Dialect = {
  ...common,
  model: "grandstream-gxv",
  madeBy: /grandstream gxv/i,
  http: requests(""),
  signIn,
};

/** A random text is asked for and comes back hashed with the password; the answer's cookies or `sid` show who we are. */
async function signIn(ask: Ask, { username, password }: Credentials): Promise<SignedIn> {
  const asked = await ask("GET", "/cgi-bin/loginrealm");
  if (asked.status !== 200) return { refused: asked };
  const secret = createHash("md5").update(`${username}:${asked.body.trim()}:${password}`).digest("hex");
  const path = `/cgi-bin/login?Username=${encodeURIComponent(username)}&Secret=${secret}`;
  const answer = await ask("GET", path);
  const said = readJson(answer.body);
  const set = answer.headers["set-cookie"];
  const cookies = (Array.isArray(set) ? set : []).map((one: string) => one.split(";")[0] ?? "");
  const sid = textOf(fieldOf(fieldOf(said, "body"), "sid"));
  const cookie = [...cookies, ...(sid === "" ? [] : [`sid=${sid}`])].join("; ");
  const right = answer.status === 200 && fieldOf(said, "response") !== "error";
  // Anything else in a header of ours would be the phone's to choose.
  if (right && /^[\x20-\x7e]{1,1024}$/.test(cookie)) return { headers: { cookie } };
  return { refused: { ...answer, status: answer.status === 200 ? 401 : answer.status } };
}
