import { execFileSync } from 'node:child_process';

/** A service of a compose file, with what is tested of it. */
export interface ComposeService {
  readonly command?: string;
  readonly pid?: string;
  readonly working_dir?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly stop_grace_period: string;
}

/** The services of `compose.yaml` with these variables put in; throws with what Compose says when it refuses the file. */
export function composeServices(variables: Readonly<Record<string, string>>): Record<string, ComposeService> {
  const profiles = ['runs-the-game', 'beside-the-game'].flatMap((name) => ['--profile', name]);
  const text = execFileSync('docker-compose', [...profiles, 'config'], {
    env: { PATH: process.env.PATH, ...variables },
    encoding: 'utf8',
    stdio: 'pipe',
  });
  // Python's YAML is there because docker-compose is written in it.
  const toJson = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)';
  const json = execFileSync('/usr/bin/python3', ['-c', toJson], { input: text, encoding: 'utf8' });
  return (JSON.parse(json) as { services: Record<string, ComposeService> }).services;
}
