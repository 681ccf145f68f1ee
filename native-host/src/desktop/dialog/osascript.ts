/** The dialog of macOS: `choose from list` by AppleScript, which gets every text as an argument. */
import { runProgram } from "../run-program.ts";
import { chosen, type Dialog, notShown, rowsOf, sentenceOf } from "./dialog.ts";

const SCRIPT = `on run arguments
  set theQuestion to item 1 of arguments
  set theRows to items 2 thru -1 of arguments
  activate
  set thePick to choose from list theRows with title "Partyline" with prompt theQuestion default items {item 1 of theRows} OK button name "Call" cancel button name "Do not call"
  if thePick is false then return ""
  return item 1 of thePick
end run
`;

export const osascript: Dialog = async (question, signal) => {
  const rows = rowsOf(question);
  // The list gives back the row's text, so that it begins with the key.
  const args = ["-", sentenceOf(question), ...rows.map(({ key, label }) => `${key}. ${label}`)];
  const { code, output } = await runProgram({ program: "osascript", args, signal, input: SCRIPT });
  if (code !== 0) throw notShown("osascript", code);
  return chosen(rows, output.split(".")[0] ?? "");
};
