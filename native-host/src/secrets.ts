/** A conference's PIN or token is part of the address that is called (`;pin=`, `;token=`), and of no address that is shown. */

/** The text with every PIN and token in its addresses left out. */
export function withoutSecrets<Text extends string>(text: Text): Text {
  // Without parameters an address is still an address.
  return text.replace(/;(?:pin|token)(?:=[^;?&,<>"\s]*)?(?=[;?&,<>"\s]|$)/gi, "") as Text;
}
