export interface NginxConfigOptions {
  readonly port: number;
  readonly backendPort: number;
  /** The folder for the pid file and temporary files. */
  readonly folder: string;
  readonly rejecting: boolean;
}

/** The cheapest nginx configuration for this job: one worker, upstream keep-alive, no buffering, no logs. */
export function renderNginxConfig({ port, backendPort, folder, rejecting }: NginxConfigOptions): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 8192; }
http {
  access_log off;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
  tcp_nodelay on;
  keepalive_timeout 300s;
  keepalive_requests 100000000;
  client_max_body_size 16m;
${rejecting ? '  limit_req_zone $binary_remote_addr zone=clients:1m rate=1r/m;\n  limit_req_status 429;\n  limit_req_log_level info;\n' : ''}  upstream backend {
    server 127.0.0.1:${backendPort};
    keepalive 1024;
    keepalive_requests 100000000;
    keepalive_timeout 300s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
${rejecting ? '      limit_req zone=clients;\n' : ''}      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 300s;
    }
  }
}
`;
}
