/** GNOME's dialogs, and those of most other Linux desktops. */
import { runProgram } from "../run-program.ts";
import { chosen, type Dialog, rowsOf, sentenceOf } from "./dialog.ts";

const CANCELLED = 1;
const ROW_HEIGHT = 28;
const FRAME_HEIGHT = 150;

export const zenity: Dialog = async (question, signal) => {
  const rows = rowsOf(question);
  const args = [
    "--list",
    "--radiolist",
    "--title=Partyline",
    `--text=${markup(sentenceOf(question))}`,
    "--column=",
    "--column=key",
    "--column=Phone",
    "--hide-column=2",
    "--print-column=2",
    "--hide-header",
    "--ok-label=Call",
    "--cancel-label=Do not call",
    "--width=480",
    `--height=${FRAME_HEIGHT + ROW_HEIGHT * rows.length}`,
    // What follows is never an option, whatever a device is called.
    "--",
    ...rows.flatMap(({ key, label }, at) => [at === 0 ? "TRUE" : "FALSE", key, label]),
  ];
  const { code, output } = await runProgram({ program: "zenity", args, signal });
  if (code !== 0 && code !== CANCELLED) throw new Error(`zenity ended with ${code}`);
  return code === 0 ? chosen(rows, output) : undefined;
};

/** The text is read as Pango's markup. */
function markup(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
