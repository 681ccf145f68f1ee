import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MscmlError } from "../../../servers/mscml/document.ts";
import { configureLeg, play, readRequest, stopPlaying } from "../../../servers/mscml/request.ts";

const request = (content: string): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n<MediaServerControl version="1.0"><request>${content}</request></MediaServerControl>`;

/** The fault a text has, as code and words; fails when it has none. */
function fault(text: string): MscmlError {
  try {
    readRequest(text);
  } catch (cause) {
    assert.ok(cause instanceof MscmlError);
    return cause;
  }
  return assert.fail("it was read");
}

/** The request a text has, or what is thrown over it. */
function nameOrFault(text: string): string {
  try {
    return readRequest(text).name;
  } catch (cause) {
    return cause instanceof Error ? cause.name : "nothing";
  }
}

describe("A request for one leg", () => {
  test("mutes it in the words of RFC 5022 §5.5", () => {
    assert.equal(
      configureLeg({ mixmode: "mute" }),
      '<MediaServerControl version="1.0"><request><configure_leg mixmode="mute"/></request></MediaServerControl>',
    );
  });

  test("comes back as it was built", () => {
    const wishes = [
      { mixmode: "full" },
      { mixmode: "parked", clamp: true },
      { keypresses: true },
      { mixmode: "mute", keypresses: false, clamp: false },
      {},
    ] as const;
    for (const configuration of wishes)
      assert.deepEqual(readRequest(configureLeg(configuration)), { name: "configure_leg", configuration });
    assert.deepEqual(readRequest(play("muted", "7")), { name: "play", id: "7", urls: ["partyline:muted"] });
    assert.deepEqual(readRequest(stopPlaying()), { name: "stop" });
  });

  test("is read as others write it", () => {
    const text = request(`
      <configure_leg type="talker" toneclamp="yes" dtmfclamp="no" mixmode="full">
        <subscribe><events><keypress report="both"/></events></subscribe>
      </configure_leg>`);
    assert.deepEqual(readRequest(text), {
      name: "configure_leg",
      configuration: { mixmode: "full", clamp: false, keypresses: true },
    });
    assert.deepEqual(
      readRequest(
        request('<play id="3"><prompt><audio url="partyline:a"/><audio url="partyline:b"/></prompt></play>'),
      ),
      { name: "play", id: "3", urls: ["partyline:a", "partyline:b"] },
    );
  });

  test("is refused by name when the mixer cannot do it", () => {
    const { code, asked } = fault(request('<playcollect id="9"/>'));
    assert.deepEqual([code, asked], [501, { request: "playcollect", id: "9" }]);
    assert.equal(fault(request('<configure_leg mixmode="private"/>')).code, 501);
    assert.equal(fault(request("<configure_leg><inputgain/></configure_leg>")).code, 501);
    assert.equal(fault(request("<play><prompt><variable/></prompt></play>")).code, 501);
  });

  const wrong = {
    "an unknown mix mode": '<configure_leg mixmode="loud"/>',
    "an attribute nobody knows": '<configure_leg mixmod="mute"/>',
    "an attribute inside that would be passed over":
      '<play><prompt repeat="3"><audio url="partyline:a"/></prompt></play>',
    "audio that should be louder": '<play><prompt><audio url="partyline:a" gain="6"/></prompt></play>',
    "neither yes nor no": '<configure_leg dtmfclamp="true"/>',
    "a subscription to nothing": "<configure_leg><subscribe/></configure_leg>",
    "a keypress report nobody knows":
      '<configure_leg><subscribe><events><keypress report="all"/></events></subscribe></configure_leg>',
    "no prompt": "<play/>",
    "an empty prompt": "<play><prompt/></play>",
    "nine pieces of audio": `<play><prompt>${'<audio url="partyline:a"/>'.repeat(9)}</prompt></play>`,
  };
  for (const [what, content] of Object.entries(wrong))
    test(`is refused with ${what}`, () => {
      const { code, asked } = fault(request(content));
      assert.equal(code, 400);
      assert.match(asked?.request ?? "", /^(configure_leg|play)$/);
    });

  const broken = {
    "that is not XML": "mute alice!",
    "that is cut off": request("<stop/>").slice(0, -5),
    "with a DOCTYPE": `<!DOCTYPE x [<!ENTITY a "b">]>${request("<stop/>")}`,
    "of another vocabulary": '<msml version="1.1"/>',
    "of another version": '<MediaServerControl version="2.0"><request><stop/></request></MediaServerControl>',
    "that is a notification": '<MediaServerControl version="1.0"><notification/></MediaServerControl>',
    "with two requests": request("<stop/><stop/>"),
    "with none": request(""),
    "of 9 KB": request(`<stop id="${"x".repeat(9_000)}"/>`),
    "as deep as a well": request(`${"<a>".repeat(20)}${"</a>".repeat(20)}`),
    "that would reach a prototype": request('<stop __proto__="1"/>'),
  };
  for (const [what, text] of Object.entries(broken))
    test(`is refused as a document ${what}`, () => {
      const { code, asked, message } = fault(text);
      assert.deepEqual([code, asked], [400, undefined]);
      assert.ok(message.length > 0 && message.length < 200, message);
    });

  test("broken at any place is read or refused, and nothing else", () => {
    const whole = request(
      '<configure_leg mixmode="mute"><subscribe><events><keypress report="none"/></events></subscribe></configure_leg>',
    );
    const pieces = [
      "",
      "<",
      ">",
      "&",
      '"',
      "\u0000",
      "<!--",
      "]]>",
      "&#0;",
      "</request>",
      "<a>",
      "xmlns:b=''",
      "é",
    ];
    const broken = Array.from({ length: whole.length + 1 }, (_, at) =>
      pieces.map((piece) => whole.slice(0, at) + piece + whole.slice(piece === "" ? at + 1 : at)),
    ).flat();
    const names = broken.map(nameOrFault);
    assert.deepEqual(new Set(names), new Set(["configure_leg", "MscmlError"]));
  });

  test("is told in few words when its names are long", () => {
    const { message, asked } = fault(request(`<${"x".repeat(4_000)}/>`));
    assert.ok(message.length < 200);
    assert.ok((asked?.request.length ?? 0) < 50);
  });
});
