/** The number plan of the configuration: how telephone numbers are written here, and which may be called. */

import { compact, type Section } from "./config-section.ts";
import { isPattern, NumberPlan, type NumberPlanConfig } from "./devices/number-plan.ts";
import { ServiceError } from "./errors.ts";

/** Throws ConfigError. */
export function readNumberPlan(plan: Section): NumberPlanConfig {
  const country = plan.text("country")?.replace(/^\+/, "");
  if (country === undefined || !/^[1-9]\d{0,2}$/.test(country)) {
    throw plan.mistake("country", "must be a country code such as 49");
  }
  const gateway = plan.sipUri("gateway");
  if (gateway === undefined) throw plan.mistake("gateway", "is missing; it says where numbers are called");
  const read: NumberPlanConfig = {
    country,
    international: prefix(plan, "international") ?? "00",
    trunk: prefix(plan, "trunk") ?? "0",
    gateway,
    ...compact({ allowed: patterns(plan, "allowed") }),
    blocked: patterns(plan, "blocked") ?? [],
    emergency: numbers(plan, "emergency") ?? [],
    own: numbers(plan, "own") ?? [],
  };
  plan.end();
  return read;
}

/** Throws the section's mistake unless the plan lets the number be called. */
export function checkNumber(phone: Section, number: string, plan: NumberPlanConfig | undefined): void {
  if (!plan) throw phone.mistake("number", "needs a numberPlan, which says how it is called");
  try {
    new NumberPlan(plan).read(number);
  } catch (refused) {
    if (!(refused instanceof ServiceError)) throw refused;
    throw phone.mistake("number", `is refused: ${refused.message.replace(/\.$/, "")}`);
  }
}

/** Digits that are dialled first; none where the text is "none". */
function prefix(plan: Section, key: string): string | undefined {
  const text = plan.text(key);
  if (text === undefined || /^\d{1,6}$/.test(text)) return text;
  if (text === "none") return "";
  throw plan.mistake(key, 'must be the digits dialled first, such as "00", or "none"');
}

function patterns(plan: Section, key: string): readonly string[] | undefined {
  const texts = plan.texts(key);
  if (texts?.every(isPattern) ?? true) return texts;
  throw plan.mistake(key, 'must be numbers, x for any digit, * at the end for any more, such as "+4930*"');
}

function numbers(plan: Section, key: string): readonly string[] | undefined {
  const texts = plan.texts(key);
  if (texts?.every((text) => /^\+?[\d\-.() ]{1,32}$/.test(text)) ?? true) return texts;
  throw plan.mistake(key, 'must be telephone numbers such as "+49 30 123456"');
}
