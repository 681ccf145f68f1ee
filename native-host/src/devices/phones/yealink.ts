/** Yealink T2 to T5 and CP: action URIs by HTTP, the same by NOTIFY from its SIP server. */

import { type Dialect, get, type NotifyTemplates, type Templates } from "./dialect.ts";

const KEYS = { answer: "OK", hangUp: "CALLEND" } as const;

/** All of it under one path; the account is chosen by outgoing_uri. */
function requests(path: string): Templates {
  const key = (name: string) => get(`${path}key=${name}`);
  return {
    dial: get(`${path}number={number}[&outgoing_uri={account}]`),
    answer: key(KEYS.answer),
    hangUp: key(KEYS.hangUp),
    dtmf: key("{digit}"),
    probe: get(`${path}phonecfg=get`),
  };
}

const notify: NotifyTemplates = {
  event: "ACTION-URI",
  type: "message/sipfrag",
  bodies: {
    dial: "number={number}[&outgoing_uri={account}]",
    answer: `key=${KEYS.answer}`,
    hangUp: `key=${KEYS.hangUp}`,
    dtmf: "key={digit}",
  },
};

const common = {
  vendor: "Yealink",
  dials: "addresses",
  digits: { "*": "STAR", "#": "POUND" },
  notify,
  advice: {
    forbidden:
      'allow this computer in the phone\'s list for action URIs (features.action_uri_limit_ip), and say yes when the phone asks "Allow remote control?"',
    missing: 'this firmware has other addresses; set "model" to "yealink-cgi" or "yealink-cgi-server"',
  },
} as const satisfies Partial<Dialect>;

const servlet = requests("/servlet?");

export const yealink: Dialect = {
  ...common,
  model: "yealink",
  madeBy: /yealink/i,
  http: { ...servlet, dial: get("/servlet?key=number={number}[&outgoing_uri={account}]") },
};

/** Older firmware, both names of its program. */
export const yealinkCgi: Dialect = {
  ...common,
  model: "yealink-cgi",
  madeBy: undefined,
  http: requests("/cgi-bin/ConfigManApp.com?"),
};

export const yealinkCgiServer: Dialect = {
  ...common,
  model: "yealink-cgi-server",
  madeBy: undefined,
  http: requests("/cgi-bin/cgiServer.exx?"),
};

/** The T58 and its kin want the login in the address. */
export const yealinkLogin: Dialect = {
  ...common,
  model: "yealink-login",
  madeBy: undefined,
  http: requests("/servlet?p=login&q=login&username={username}&pwd={password}&jumpto=URI&"),
};
