import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isPattern, NumberPlan, type NumberPlanConfig } from "../../native-host/src/devices/number-plan.ts";

const GERMANY: NumberPlanConfig = {
  country: "49",
  international: "00",
  trunk: "0",
  gateway: "sip:gateway.example.com:5062;transport=tcp",
  blocked: ["+49900*", "+49137xxxxxxx"],
  emergency: ["19222"],
  own: ["030 654321"],
};

const plan = (more: Partial<NumberPlanConfig> = {}) => new NumberPlan({ ...GERMANY, ...more });
const refusal = (written: string, by = plan()) => {
  try {
    by.read(written);
    return "allowed";
  } catch (refused) {
    assert.ok(refused instanceof Error && "code" in refused);
    assert.equal(refused.code, "bad-uri");
    return refused.message;
  }
};

describe("The number plan", () => {
  for (const [written, global] of [
    ["tel:+49-30-123456", "+4930123456"],
    ["tel:+1(212)555.0100", "+12125550100"],
    ["tel:030123456", "+4930123456"],
    ["tel:0044201234567", "+44201234567"],
    ["tel:123456;phone-context=+4930", "+4930123456"],
    ["tel:7042;phone-context=example.com", "7042"],
    ["030 123456", "+4930123456"],
    ["TEL:+4930123456;ext=5", "+4930123456"],
  ] as const) {
    test(`reads ${written} as ${global}`, () => {
      assert.equal(plan().read(written).tel, `tel:${global}`);
    });
  }

  test("calls numbers at the gateway, as telephones", () => {
    const { uri } = plan().read("tel:030123456");
    assert.equal(uri, "sip:+4930123456@gateway.example.com:5062;transport=tcp;user=phone");
  });

  for (const uri of [
    "sip:112@gateway.example.com:5062;user=phone",
    "sip:112@GATEWAY.example.com:5062",
    "sip:%31%31%32@gateway.example.com:5062",
    "sip:+49112@gateway.example.com:5062;transport=tcp",
  ] as const) {
    test(`sees the number in ${uri}`, () => {
      assert.match(refusal(plan().numberAt(uri) ?? "nobody's"), /emergency calls are not made from here/);
    });
  }

  test("takes nobody else's address for a number", () => {
    for (const uri of [
      "sip:112@example.com:5062",
      "sip:bob@gateway.example.com:5062",
      "sip:gateway.example.com:5062",
    ])
      assert.equal(plan().numberAt(uri), undefined);
  });

  test("knows the user's own numbers however they are written", () => {
    assert.ok(plan().read("tel:+49-30-654321").own);
    assert.ok(plan().read("030-654321").own);
    assert.ok(!plan().read("030-654322").own);
  });

  for (const emergency of ["tel:112", "tel:911", "tel:+49112", "tel:0110", "tel:1-1-2", "tel:19222", "999"]) {
    test(`does not dial ${emergency}, and says what to do`, () => {
      assert.match(refusal(emergency), /emergency calls are not made from here.*take a telephone/);
    });
  }

  for (const refused of ["tel:0900123456", "tel:+491371234567"]) {
    test(`does not dial ${refused}, which is blocked`, () => {
      assert.match(refusal(refused), /the number plan of the configuration does not allow it/);
    });
  }

  test("dials only what is allowed where that is said, and nothing that is blocked too", () => {
    const home = plan({ allowed: ["+49*", "70xx"] });

    assert.equal(refusal("tel:030123456", home), "allowed");
    assert.equal(refusal("tel:7042", home), "allowed");
    assert.match(refusal("tel:70421", home), /does not allow/);
    assert.match(refusal("tel:+44201234567", home), /does not allow/);
    assert.match(refusal("tel:0900123456", home), /does not allow/);
  });

  test("dials no service codes: they would forward the user's calls", () => {
    assert.match(refusal("tel:*21*0900123456#"), /service codes are not dialled/);
  });

  for (const nonsense of ["tel:", "tel:+", "tel:mum", `tel:${"1".repeat(40)}`]) {
    test(`refuses "${nonsense.slice(0, 24)}"`, () => {
      assert.match(refusal(nonsense), /it is not a telephone number/);
    });
  }

  test("has no trunk prefix where the country has none", () => {
    assert.equal(plan({ country: "34", trunk: "" }).read("tel:0123").tel, "tel:0123");
  });

  test("takes as patterns digits, x for one, and * at the end", () => {
    assert.deepEqual(["+49*", "70xx", "*", "+4*9", "", "(0)"].map(isPattern), [
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
