/* share_script.c - see share_script.h.
 *
 * What the section has to achieve (smb.conf(5)): files arrive with a group that scanpost is in and a mode that lets it
 * read them, whatever the copier asks for; nobody sees .scanpost; no oplock lets a client keep the end of a scan to
 * itself; and the copier's account can do nothing else on this machine. */
#include "gateway/cli/share_script.h"

#include <ctype.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"
#include "gateway/doctor/sight.h"

enum { NAME_LEN_MAX = 32 }; /* useradd(8) */

static bool
is_name(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) && strchr("_-", text[i]) == NULL)
            return false;
    return len > 0 && len <= NAME_LEN_MAX && (islower((unsigned char)text[0]) || text[0] == '_');
}

static bool
is_share_name(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL)
            return false;
    return *text != '\0' && strlen(text) <= 80 && strcmp(text, "global") != 0 && strcmp(text, "homes") != 0 &&
           strcmp(text, "printers") != 0;
}

enum sp_rc
sp_share_check(const struct sp_share *share, struct sp_err *err)
{
    if (!is_share_name(share->name))
        return sp_fail(err, SP_E_INVALID, "'%s' cannot be the name of a share: letters, digits, '.', '_' and '-'",
                       share->name);
    if (!is_name(share->user))
        return sp_fail(err, SP_E_INVALID, "'%s' cannot be the name of a user; --user names another one", share->user);
    if (share->path[0] != '/' || sp_text_has_control(share->path) || strpbrk(share->path, "%\"") != NULL)
        return sp_fail(err, SP_E_INVALID, "'%s' cannot be shared: '%%' and quotes mean something else to Samba",
                       share->path);
    if (share->smb1 && share->address[0] == '\0')
        return sp_fail(err, SP_E_INVALID,
                       "--smb1 needs --address: an address of this machine that its smbd leaves free");
    return SP_OK;
}

/* 'text' for a shell. */
static void
quote(struct sp_str *out, const char *text)
{
    sp_str_add_char(out, '\'');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'')
            sp_str_add(out, "'\\''");
        else
            sp_str_add_char(out, *c);
    }
    sp_str_add_char(out, '\'');
}

static void
set_variable(struct sp_str *out, const char *name, const char *value)
{
    sp_str_addf(out, "%s=", name);
    quote(out, value);
    sp_str_add_char(out, '\n');
}

void
sp_share_section(struct sp_str *out, const struct sp_share *share)
{
    sp_str_addf(out, "[%s]\n", share->name);
    sp_str_addf(out, "    comment = scans for scanpost\n");
    sp_str_addf(out, "    path = %s\n", share->path);
    sp_str_addf(out, "    valid users = %s\n", share->user);
    sp_str_addf(out, "    force group = %s\n", share->group);
    sp_str_add(out, "    read only = no\n"
                    "    guest ok = no\n"
                    "    browseable = no\n"
                    "    create mask = 0660\n"
                    "    force create mode = 0660\n"
                    "    directory mask = 2770\n"
                    "    force directory mode = 2770\n"
                    "    veto files = /.scanpost/\n"
                    "    oplocks = no\n"
                    "    level2 oplocks = no\n"
                    "    strict sync = yes\n"
                    "    store dos attributes = no\n"
                    "    map archive = no\n");
}

/* --- the script, a part at a time --- */

static void
put_head(struct sp_str *out, const struct sp_share *share)
{
    sp_str_add(out, "#!/bin/sh\n");
    sp_str_addf(out, "# A Samba share for the drop folder %s. Run as root; may be run again.\n", share->name);
    sp_str_add(out, "# SCANPOST_SHARE_PASSWORD holds the password that the copier will use.\nset -eu\n");
    set_variable(out, "folder", share->path);
    set_variable(out, "user", share->user);
    set_variable(out, "group", share->group);
    set_variable(out, "conf", share->smb_conf);
    sp_str_add(out, ": \"${SCANPOST_SHARE_PASSWORD:?the password for the copier is missing}\"\n"
                    "PATH=$PATH:/usr/sbin:/sbin\n"
                    "fail() { printf '%s\\n' \"$*\" >&2; exit 1; }\n"
                    "for tool in smbd testparm smbpasswd; do\n"
                    "    command -v \"$tool\" >/dev/null || fail \"$tool is missing: install Samba first\"\n"
                    "done\n\n");
}

static void
put_account(struct sp_str *out)
{
    sp_str_add(out,
               "getent group \"$group\" >/dev/null || fail \"there is no group $group; --group names another one\"\n"
               "# An account that can do nothing but this.\n"
               "getent passwd \"$user\" >/dev/null ||\n"
               "    useradd --system --user-group --no-create-home --shell /usr/sbin/nologin \"$user\"\n\n"
               "# The copier writes, scanpost reads and takes away; the group is inherited by what is dropped.\n"
               "# A link that somebody else made could give any folder of this machine to the copier.\n"
               "[ ! -L \"$folder\" ] || [ \"$(stat -c %u \"$folder\")\" = 0 ] ||\n"
               "    fail \"$folder is a link that is not root's: give the folder itself\"\n"
               "install -d -m 2770 -o \"$user\" -g \"$group\" \"$folder\"\n\n");
}

/* An smb.conf that belongs to a domain is its administrators' business, and a share of that name is somebody's. */
static void
put_refusals(struct sp_str *out, const struct sp_share *share)
{
    sp_str_add(
        out,
        "[ -r \"$conf\" ] || fail \"$conf is missing: install Samba first\"\n"
        "testparm -s \"$conf\" >/dev/null 2>&1 || fail \"testparm does not like $conf as it is: mend that first\"\n"
        "# A machine that is joined to a domain is not touched: its Samba has another master.\n"
        "role=$(testparm -s --parameter-name='server role' \"$conf\" 2>/dev/null)\n"
        "security=$(testparm -s --parameter-name='security' \"$conf\" 2>/dev/null)\n"
        "case \"$role $security\" in\n"
        "*[Dd]omain*|*DOMAIN*|*[Mm]ember*|*ADS*)\n"
        "    fail \"$conf belongs to a domain ($role, $security): add the section by hand, or use --smb1 with an"
        " instance of its own\" ;;\n"
        "esac\n");
    sp_str_addf(out,
                "shares=$(dirname \"$conf\")/scanpost-%s.conf\n"
                "if ! grep -qxF \"include = $shares\" \"$conf\" &&\n"
                "    testparm -s \"$conf\" 2>/dev/null | grep -qixF '[%s]'; then\n"
                "    fail \"$conf has a share %s already, and it is not scanpost's\"\n"
                "fi\n\n",
                share->name, share->name, share->name);
}

/* The sections live in a file of their own, so that smb.conf gets one line more and is otherwise left alone. */
static void
put_section(struct sp_str *out, const struct sp_share *share)
{
    sp_str_add(out, "# The share, in a file of its own that smb.conf includes.\n"
                    "cat >\"$shares.new\" <<'SECTION'\n");
    sp_share_section(out, share);
    sp_str_add(out, "SECTION\n"
                    "mv \"$shares.new\" \"$shares\"\n"
                    "chmod 644 \"$shares\"\n"
                    "if ! grep -qxF \"include = $shares\" \"$conf\"; then\n"
                    "    cp -p \"$conf\" \"$conf.before-scanpost\"\n"
                    "    printf '\\n# scanpost\\ninclude = %s\\n' \"$shares\" >>\"$conf\"\n"
                    "    testparm -s \"$conf\" >/dev/null 2>&1 || {\n"
                    "        cp -p \"$conf.before-scanpost\" \"$conf\"\n"
                    "        fail \"testparm does not like $shares; $conf is as it was\"\n"
                    "    }\n"
                    "fi\n"
                    "testparm -s \"$conf\" >/dev/null 2>&1 || fail \"testparm does not like $shares\"\n\n");
}

static void
put_password(struct sp_str *out)
{
    sp_str_add(out, "# By standard input: arguments can be read by everybody.\n"
                    "printf '%s\\n%s\\n' \"$SCANPOST_SHARE_PASSWORD\" \"$SCANPOST_SHARE_PASSWORD\" |\n"
                    "    smbpasswd -c \"$conf\" -s -a \"$user\" >/dev/null\n\n");
}

static void
put_reload(struct sp_str *out, const struct sp_share *share)
{
    sp_str_add(out, "smbcontrol -s \"$conf\" smbd reload-config 2>/dev/null ||\n"
                    "    echo 'smbd does not run yet: start it (systemctl enable --now smbd)'\n");
    sp_str_addf(
        out, "printf '%%s\\n' \"The copier's panel: \\\\\\\\$(hostname)\\\\%s, user %s, its password, no subfolder\"\n",
        share->name, share->user);
}

/* Old protocols put every other share of a server at risk, so they get a server of their own: own address, own
 * configuration, own password file, and a file for each share. */
static void
put_instance(struct sp_str *out, const struct sp_share *share)
{
    set_variable(out, "address", share->address);
    sp_str_add(out, "# smbd ends at once when none of its addresses is there.\n"
                    "if command -v ip >/dev/null && ! ip -o address show | grep -qwF \"$address\"; then\n"
                    "    fail \"no interface of this machine has the address $address: give it to one first\"\n"
                    "fi\n"
                    "# An instance of its own, because NTLMv1 and SMB1 endanger whatever else a server shares.\n"
                    "base=/var/lib/scanpost-smb1\n"
                    "shares=${conf%.conf}.d\n"
                    "install -d -m 0755 \"$base\" \"$base/private\" \"$base/run\" \"$shares\"\n");
    sp_str_addf(out, "cat >\"$shares/%s.conf\" <<'SECTION'\n", share->name);
    sp_share_section(out, share);
    sp_str_add(out, "SECTION\n"
                    "cat >\"$conf.new\" <<GLOBAL\n"
                    "[global]\n"
                    "    server role = standalone server\n"
                    "    server min protocol = NT1\n"
                    "    ntlm auth = ntlmv1-permitted\n"
                    "    disable netbios = yes\n"
                    "    load printers = no\n"
                    "    bind interfaces only = yes\n"
                    "    interfaces = $address\n"
                    "    private dir = $base/private\n"
                    "    state directory = $base\n"
                    "    cache directory = $base\n"
                    "    lock directory = $base/run\n"
                    "    pid directory = $base/run\n"
                    "    ncalrpc dir = $base/run/ncalrpc\n"
                    "    log file = /var/log/samba/scanpost-smb1.log\n\n"
                    "GLOBAL\n"
                    "for share in \"$shares\"/*.conf; do\n"
                    "    echo \"include = $share\" >>\"$conf.new\"\n"
                    "done\n"
                    "mv \"$conf.new\" \"$conf\"\n"
                    "testparm -s \"$conf\" >/dev/null 2>&1 || fail \"testparm does not like $conf\"\n\n");
}

static void
put_unit(struct sp_str *out, const struct sp_share *share)
{
    sp_str_add(out, "cat >/etc/systemd/system/scanpost-smb1.service <<UNIT\n"
                    "[Unit]\n"
                    "Description=Samba for copiers that know only SMB1, for scanpost\n"
                    "Wants=network-online.target\n"
                    "After=network-online.target\n\n"
                    "[Service]\n"
                    "ExecStart=/usr/sbin/smbd --foreground --no-process-group --configfile=$conf\n"
                    "Restart=on-failure\n\n"
                    "[Install]\n"
                    "WantedBy=multi-user.target\n"
                    "UNIT\n"
                    "echo 'start it with: systemctl enable --now scanpost-smb1'\n");
    sp_str_addf(out, "printf '%%s\\n' \"The copier's panel: \\\\\\\\%s\\\\%s, user %s, its password\"\n",
                share->address, share->name, share->user);
}

/* --- the service's sight --- */

static void
put_drop_in(struct sp_str *out, const char *name, const struct sp_str *text)
{
    SP_AUTO(sp_str_free) struct sp_str place = { 0 };
    sp_sight_add_place(&place, name);
    sp_str_add(out, "# The service sees no folder outside /srv that is not named to it.\n");
    set_variable(out, "drop_in", sp_str_text(&place));
    sp_str_addf(out,
                "if [ -e \"$drop_in\" ] && ! head -n 1 \"$drop_in\" | grep -q '^%s'; then\n"
                "    echo \"$drop_in is not scanpost's: it was not touched\" >&2; exit 1\n"
                "fi\n"
                "mkdir -p '%s'\n"
                "cat >\"$drop_in.new\" <<'DROP_IN'\n%sDROP_IN\n"
                "if cmp -s \"$drop_in.new\" \"$drop_in\"; then\n"
                "    rm \"$drop_in.new\"\n"
                "else\n"
                "    chmod 644 \"$drop_in.new\"\n"
                "    mv \"$drop_in.new\" \"$drop_in\"\n"
                "    echo \"written: $drop_in\"\n",
                SP_SIGHT_MARK, SP_SIGHT_DIR, sp_str_text(text));
    sp_str_add(out, "    # What was taken is safe over a restart; without one the folder stays out of sight.\n"
                    "    if [ -d /run/systemd/system ]; then\n"
                    "        systemctl daemon-reload\n"
                    "        systemctl try-restart scanpost.service\n"
                    "    fi\n"
                    "fi\n\n");
}

enum sp_rc
sp_share_service_script(struct sp_str *out, const struct sp_share *share, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str text = { 0 };
    if (!share->hidden)
        return SP_OK;
    enum sp_rc rc = sp_sight_add(&text, share->name, share->path, err);
    if (rc != SP_OK)
        return rc;
    sp_str_add(out, "set -eu\n");
    put_drop_in(out, share->name, &text);
    return SP_OK;
}

enum sp_rc
sp_share_script(struct sp_str *out, const struct sp_share *share, struct sp_err *err)
{
    put_head(out, share);
    if (!share->smb1)
        put_refusals(out, share);
    put_account(out);
    enum sp_rc rc = sp_share_service_script(out, share, err);
    if (rc != SP_OK)
        return rc;
    if (share->smb1)
        put_instance(out, share);
    else
        put_section(out, share);
    put_password(out);
    if (share->smb1)
        put_unit(out, share);
    else
        put_reload(out, share);
    return SP_OK;
}
