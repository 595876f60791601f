/**
 * The beginning of a line of Vintage Story: the time in the machine's culture, and the kind of line; `[Server Warning]` on the
 * console, `[Warning]` in its log. What players write is of the kind `Chat`.
 */
export const GAME_LINE = /^[\d.:/ -]*\[(?:Server )?(\w+)\] /;
