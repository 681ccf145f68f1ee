import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { UserAgent } from "#sip/user-agent.ts";
import { desk, phoneStage } from "../../support/phones/http-phone-cast.ts";
import { refused } from "../../support/phones/refused.ts";
import { VENDORS, type VendorName } from "../../support/phones/vendors.ts";
import { freePorts } from "../../support/ports.ts";

const signal = new AbortController().signal;
const names = Object.keys(VENDORS) as VendorName[];

/** Phones that have no way to answer a call by a request. */
const CANNOT_ANSWER: readonly VendorName[] = ["htek", "akuvox"];
/** What a person reads of each phone that does not let this computer in. */
const FORBIDDEN: { readonly [Name in VendorName]: RegExp } = {
  yealink: /features\.action_uri_limit_ip/,
  "yealink-cgi": /features\.action_uri_limit_ip/,
  "yealink-cgi-server": /features\.action_uri_limit_ip/,
  "yealink-login": /features\.action_uri_limit_ip/,
  snom: /hidden tags/,
  grandstream: /CTI API Support/,
  "grandstream-gxv": /CTI API Support/,
  poly: /apps\.restapi\.enabled=1/,
  "polycom-push": /apps\.push\.messageType/,
  cisco: /authenticationURL/,
  fanvil: /Active URI Limit IP/,
  htek: /Setting, Action URL/,
  akuvox: /allowed addresses/,
};

/** To the letter: what each phone is told to dial 201 and to hang up, without the questions in between. */
const WORDS: { readonly [Name in VendorName]: readonly [dial: string, hangUp: string] } = {
  yealink: ["GET /servlet?key=number=201", "GET /servlet?key=CALLEND"],
  "yealink-cgi": ["GET /cgi-bin/ConfigManApp.com?number=201", "GET /cgi-bin/ConfigManApp.com?key=CALLEND"],
  "yealink-cgi-server": ["GET /cgi-bin/cgiServer.exx?number=201", "GET /cgi-bin/cgiServer.exx?key=CALLEND"],
  "yealink-login": [
    "GET /servlet?p=login&q=login&username=admin&pwd=desk%20phone%2C%207%3Asecret&jumpto=URI&number=201",
    "GET /servlet?p=login&q=login&username=admin&pwd=desk%20phone%2C%207%3Asecret&jumpto=URI&key=CALLEND",
  ],
  snom: ["GET /command.htm?number=201", "GET /command.htm?key=CANCEL"],
  grandstream: [
    "GET /cgi-bin/api-make_call?passcode=desk%20phone%2C%207%3Asecret&phonenumber=201",
    "GET /cgi-bin/api-phone_operation?passcode=desk%20phone%2C%207%3Asecret&cmd=endcall",
  ],
  "grandstream-gxv": [
    "GET /cgi-bin/api-make_call?phonenumber=201",
    "GET /cgi-bin/api-phone_operation?cmd=endcall",
  ],
  poly: [
    'POST /api/v1/callctrl/dial {"data":{"Dest":"201","Line":"1","Type":"TEL"}}',
    'POST /api/v1/callctrl/endCall {"data":{"Ref":"0x10"}}',
  ],
  "polycom-push": [
    'POST /push <PolycomIPPhone><Data priority="Critical">tel:\\\\201</Data></PolycomIPPhone>',
    'POST /push <PolycomIPPhone><Data priority="Critical">Key:Softkey2</Data></PolycomIPPhone>',
  ],
  cisco: [
    `POST /CGI/Execute XML=${encodeURIComponent('<CiscoIPPhoneExecute><ExecuteItem Priority="0" URL="Dial:201"/></CiscoIPPhoneExecute>')}`,
    `POST /CGI/Execute XML=${encodeURIComponent('<CiscoIPPhoneExecute><ExecuteItem Priority="0" URL="SoftKey:EndCall"/></CiscoIPPhoneExecute>')}`,
  ],
  fanvil: ["GET /cgi-bin/ConfigManApp.com?key=201;ENTER", "GET /cgi-bin/ConfigManApp.com?key=RELEASE"],
  htek: ["GET /Phone_ActionURL&Command=1&Number=201&Account=1", "GET /Phone_ActionURL&Command=2"],
  akuvox: ["GET /fcgi/do?action=MakeCall&number=201&line=1", "GET /fcgi/do?action=CallEnd"],
};

for (const vendor of names) {
  describe(`A ${vendor} phone`, () => {
    test("dials Bob, who rings, answers and is hung up on", async () => {
      await using stage = await phoneStage({ vendor });
      const { phone, bob, target } = stage;
      const device = stage.device();

      const dialling = device.dial(target, { signal });
      await bob.answers();
      const call = await dialling;
      await phone.reaches("established");
      await call.hangUp?.();

      await bob.isHungUp();
      assert.match(bob.wanted[0] ?? "", /^sip:201@127\.0\.0\.1/);
      await phone.reaches("idle");
      const told = phone.web.obeyed.filter(
        (request) => !/[sS]tatus|login/.test(request) || /pwd=/.test(request),
      );
      assert.deepEqual(told, WORDS[vendor]);
    });

    test("says that its password is wrong, and how to correct it", async () => {
      await using stage = await phoneStage({ vendor });
      const device = stage.device({ credentials: { username: "admin", password: "guess" } });

      const dialling = device.dial(stage.target, { signal });

      await assert.rejects(dialling, refused("device-refused", /wrong phone password.*"passwordFile"/));
      assert.equal(stage.phone.ua.state, "idle");
    });

    test("that lets this computer not in says which setting to change", async () => {
      await using stage = await phoneStage({ vendor });
      stage.phone.web.forbidden = true;

      const dialling = stage.device().dial(stage.target, { signal });

      await assert.rejects(dialling, refused("device-refused", FORBIDDEN[vendor]));
    });

    test("that is switched off is offline", async () => {
      await using stage = await phoneStage({ vendor });
      const { web } = stage.phone;
      const [scheme] = web.url.split(":");
      const gone = desk({ url: `${scheme}://127.0.0.1:${await freePorts()}`, model: vendor });

      await assert.rejects(gone.dial(stage.target, { signal }), refused("device-offline", /"desk"/));

      assert.equal(gone.readiness, "offline");
      await gone.check();
      assert.equal(gone.readiness, "offline");
      const here = stage.device();
      await here.check();
      assert.equal(here.readiness, "ready");
      assert.equal(web.asked, 0);
    });

    test("that takes the request and never answers is given up", async () => {
      await using stage = await phoneStage({ vendor });
      stage.phone.web.silent = true;

      const dialling = stage.device({ answerMs: 50 }).dial(stage.target, { signal });

      await assert.rejects(dialling, refused("device-offline", /cannot be reached/));
    });

    test("that does not even take a connection is given up", async () => {
      // TLS that never begins stands for a network that swallows everything.
      const mute = createServer(() => undefined).listen(0, "127.0.0.1");
      await once(mute, "listening");
      const address = mute.address();
      const port = typeof address === "object" && address ? address.port : 0;
      const device = desk({ url: `https://127.0.0.1:${port}`, model: vendor, connectMs: 50 });

      const dialling = device.dial("sip:201@127.0.0.1", { signal });

      await assert.rejects(dialling, refused("device-offline", /cannot be reached/));
      mute.close();
    });

    if (CANNOT_ANSWER.includes(vendor)) return;

    test("that rings instead of answering has its answer key pressed", async () => {
      await using stage = await phoneStage({ vendor });
      const agent = await UserAgent.open({ host: "127.0.0.1", port: 0, name: "test", identity: {} });
      const device = stage.device({ caller: agent, uri: stage.phone.ua.address, answersByItselfMs: 1 });

      const end = await device.wake(signal);
      const leg = await end.connect({ codecs: ["PCMU", "PCMA"], signal });

      assert.equal(leg.codec, "PCMU");
      assert.ok(device.caps.includes("loop"));
      await leg.hangUp();
      await agent.close();
    });
  });
}
