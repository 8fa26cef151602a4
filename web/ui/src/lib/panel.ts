/** What to type into a copier's panel, for each door. Pure. */

export interface PanelLine {
  label: string;
  value: string;
}

export interface PanelWay {
  door: 'smb' | 'webdav' | 'http';
  title: string;
  note: string;
  lines: PanelLine[];
}

export interface Here {
  /** what copiers know the server by */
  host: string;
  /** "https://scan.contoso.com:8631" */
  origin: string;
}

/** The last part of a folder's path is what `scanpost share` calls the share, unless told otherwise. */
export function smbWay(here: Here, folder: string): PanelWay {
  return {
    door: 'smb',
    title: 'SMB (network folder)',
    note: `The share is made once, on the server: scanpost share ${folder}`,
    lines: [
      { label: 'Path', value: `\\\\${here.host}\\${folder}` },
      { label: 'Host', value: here.host },
      { label: 'Share', value: folder },
    ],
  };
}

export function webdavWay(here: Here, route: string, token: string): PanelWay {
  return {
    door: 'webdav',
    title: 'WebDAV',
    note: 'Any user name will do; the token is the password.',
    lines: [
      { label: 'URL', value: `${here.origin}/dav/${encodeURIComponent(route)}/` },
      { label: 'User', value: 'scan' },
      { label: 'Password', value: token },
    ],
  };
}

export function httpWay(here: Here, route: string, token: string): PanelWay {
  const query = route === '' ? '' : `?route=${encodeURIComponent(route)}`;
  return {
    door: 'http',
    title: 'HTTP',
    note: 'For devices and programs that can post a form: the file goes in the field “document”.',
    lines: [
      { label: 'URL', value: `${here.origin}/api/v1/scans${query}` },
      { label: 'Header', value: `Authorization: Bearer ${token}` },
      {
        label: 'To try it',
        value: `curl -H "Authorization: Bearer ${token}" -F document=@scan.pdf "${here.origin}/api/v1/scans${query}"`,
      },
    ],
  };
}

/** An address that only this computer knows is of no use to a copier. */
export function hereFrom(origin: string, hostname: string): Here {
  const url = new URL(origin);
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (!local || hostname === '') return { host: url.hostname, origin };
  const port = url.port === '' ? '' : `:${url.port}`;
  return { host: hostname, origin: `${url.protocol}//${hostname}${port}` };
}
