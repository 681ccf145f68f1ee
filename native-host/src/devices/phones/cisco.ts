/** Cisco 79xx and 88xx with enterprise firmware: a form field with up to three things to execute. */

import { type Dialect, get, type Template } from "./dialect.ts";

/** Numbers of CiscoIPPhoneError. */
const ERRORS: Readonly<Record<string, string>> = {
  "1": "it could not read the command",
  "2": "it could not show the answer",
  "3": "it could not find what to execute",
  "4": "wrong phone password",
};

const execute = (url: string): Template => ({
  method: "POST",
  path: "/CGI/Execute",
  type: "application/x-www-form-urlencoded",
  body: `XML=<CiscoIPPhoneExecute><ExecuteItem Priority="0" URL="${url}"/></CiscoIPPhoneExecute>`,
});

export const cisco: Dialect = {
  model: "cisco",
  vendor: "Cisco",
  madeBy: /cisco/i,
  dials: "digits",
  http: {
    dial: execute("Dial:{number}"),
    answer: execute("Key:Soft1"),
    hangUp: execute("SoftKey:EndCall"),
    probe: get("/"),
  },
  refusal: (body) => {
    const number = /<CiscoIPPhoneError\s[^>]*Number="(\d{1,2})"/.exec(body)?.[1];
    if (number !== undefined) return ERRORS[number] ?? `it answered with error ${number}`;
    const status = /<ResponseItem\s[^>]*Status="(-?\d{1,4})"/.exec(body)?.[1];
    return status === undefined || status === "0"
      ? undefined
      : `it could not execute that (status ${status})`;
  },
  advice: {
    forbidden: "give the phone an authentication URL that takes your name and password (authenticationURL)",
    missing: 'switch on "Web Access" for this phone',
  },
};
