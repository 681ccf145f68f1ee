/** GNOME's dialogs, and those of most other Linux desktops. */
import { runProgram } from "../run-program.ts";
import { chosen, type Dialog, notShown, rowsOf, sentenceOf } from "./dialog.ts";

/** What we have it end with when the user declines: its own 1 also says that it found no display. */
const DECLINED = 10;
const ENVIRONMENT = { ZENITY_CANCEL: String(DECLINED), ZENITY_ESC: String(DECLINED) };
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
  const { code, output } = await runProgram({ program: "zenity", args, signal, environment: ENVIRONMENT });
  if (code !== 0 && code !== DECLINED) throw notShown("zenity", code);
  return code === 0 ? chosen(rows, output) : undefined;
};

/** The text is read as Pango's markup. */
function markup(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
