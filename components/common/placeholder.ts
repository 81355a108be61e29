/** What stands in a secret's field that nobody has filled yet. */
export const placeholder = "REPLACE_ME";
