/** The state of the game server forbids what was asked of it; the message says which, and what can be done. */
export class GameServerStateError extends Error {}

/** The game server's program or its folder cannot be used; the message is a sentence for an admin. */
export class GameServerStartError extends Error {}
