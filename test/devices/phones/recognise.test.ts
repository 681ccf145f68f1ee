import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DIALECTS, recognise } from "../../../native-host/src/devices/phones/dialects.ts";
import { desk, phoneStage } from "../../support/phones/http-phone-cast.ts";
import { PhoneWeb } from "../../support/phones/phone-web.ts";
import { refused } from "../../support/phones/refused.ts";

const signal = new AbortController().signal;

/** What phones say of themselves, and what they then understand. */
const SAID: readonly (readonly [userAgent: string, model: string | undefined])[] = [
  ["Yealink SIP-T46S 66.84.0.15", "yealink"],
  ["snom870/8.7.5.35", "snom"],
  ["snomD385/10.1.54.13", "snom"],
  ["snomD865/10.1.175.16", "snom-d8"],
  ["Grandstream GRP2614 1.0.5.15", "grandstream"],
  ["Grandstream GXV3370 1.0.3.47", "grandstream-gxv"],
  ["PolycomVVX-VVX_410-UA/5.9.0.9373", "poly"],
  ["PolyEdge-Edge_E350-UA/8.1.1", "poly"],
  ["PolycomSoundPointIP-SPIP_650-UA/4.0.8", "polycom-push"],
  ["Cisco-CP8861/12.8.1", "cisco"],
  ["Fanvil X4U 2.12.1", "fanvil"],
  ["Htek UC926 V2.42", "htek"],
  ["Akuvox SP-R59", "akuvox"],
  ["baresip v1.0.0 (x86_64/Linux)", undefined],
  ["", undefined],
];

describe("A phone", () => {
  for (const [userAgent, model] of SAID) {
    test(`that says "${userAgent}" is ${model ?? "none we know"}`, () => {
      assert.equal(recognise(userAgent)?.model, model);
    });
  }

  test("is recognised by its web server, password or not, and then says all it can", async () => {
    await using stage = await phoneStage({ vendor: "poly" });
    const device = stage.device({ model: undefined });
    assert.deepEqual(device.caps, ["transfer", "dial"]);

    assert.equal(await device.probe(signal), "It speaks Poly and took the password.");

    assert.ok(device.caps.includes("hold"));
  });

  test("that hears NOTIFY alone says so when it is told by HTTP", async () => {
    const web = await PhoneWeb.open({ server: "snom", login: "none", reply: () => ({}) });

    const dialling = desk({ url: web.url, model: "snom-d8" }).dial("sip:bob@example.org", { signal });

    await assert.rejects(dialling, refused("device-unsupported", /by HTTP to dial; set "by" to "notify"/));
    await web.close();
  });

  test("of another make obeys the requests of the configuration", async () => {
    const web = await PhoneWeb.open({ server: "Odd", login: "SHA-256", reply: () => ({}) });
    const requests = {
      dial: { method: "POST", path: "/call", type: "application/json", body: '{"to":"{uri}"}' },
      hangUp: { method: "GET", path: "/end[?line={account}]" },
    } as const;
    const device = desk({ url: web.url, model: "other", domain: undefined, requests });

    const call = await device.dial("sip:bob@example.org", { signal });
    await call.hangUp?.();

    assert.deepEqual(web.obeyed, ['POST /call {"to":"sip:bob@example.org"}', "GET /end"]);
    await web.close();
  });
});

test("Every model has a name of its own", () => {
  const models = DIALECTS.map(({ model }) => model);
  assert.equal(new Set(models).size, models.length);
});
