/**
 * The name of a kind of inference server, as `type` in the configuration has it. Any text: libs/backends lists the
 * types that this version knows, and an agent of a newer version may name others.
 */
export type BackendType = string;
