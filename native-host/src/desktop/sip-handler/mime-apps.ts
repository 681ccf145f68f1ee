/** mimeapps.list: which program opens what, by the MIME Applications specification of freedesktop.org. */

const DEFAULTS = "[Default Applications]";

/** With our entry first in the line of each type, and all else as it was. */
export function withDefault(text: string, entry: string, types: readonly string[]): string {
  return types.reduce((all, type) => withType(all, entry, type), without(text, entry));
}

/** Without our entry anywhere; a line that has no other goes. */
export function without(text: string, entry: string): string {
  const lines = text.split("\n").flatMap((line) => {
    const [, type, programs] = /^([^=#[]+)=(.*)$/.exec(line) ?? [];
    if (type === undefined || programs === undefined) return [line];
    const all = programs.split(";").filter(Boolean);
    const others = all.filter((program) => program !== entry);
    if (others.length === all.length) return [line];
    return others.length === 0 ? [] : [`${type}=${others.join(";")};`];
  });
  return lines.join("\n");
}

/** The program that opens the type, if the list says so. */
export function defaultOf(text: string, type: string): string | undefined {
  const [, section = ""] = text.split(DEFAULTS);
  const [own = ""] = section.split(/^\[/m);
  const line = own.split("\n").find((one) => one.startsWith(`${type}=`));
  return line
    ?.slice(type.length + 1)
    .split(";")
    .find(Boolean);
}

function withType(text: string, entry: string, type: string): string {
  const before = defaultLine(text, type);
  const line = `${type}=${entry};${before?.others ?? ""}`;
  if (before) return text.replace(before.line, line);
  if (text.includes(DEFAULTS)) return text.replace(DEFAULTS, `${DEFAULTS}\n${line}`);
  const rest = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return `${rest}${DEFAULTS}\n${line}\n`;
}

function defaultLine(text: string, type: string): { line: string; others: string } | undefined {
  const [, section = ""] = text.split(DEFAULTS);
  const [own = ""] = section.split(/^\[/m);
  const line = own.split("\n").find((one) => one.startsWith(`${type}=`));
  return line === undefined ? undefined : { line, others: line.slice(type.length + 1) };
}
