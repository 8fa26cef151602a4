/* import.h - from what the admin centres of Entra and Exchange export, and what PowerShell's Export-Csv writes, to a
 * people file. Pure. */
#ifndef SP_GATEWAY_PEOPLE_IMPORT_H
#define SP_GATEWAY_PEOPLE_IMPORT_H

#include "gateway/people/people.h"

struct sp_str;

/* The columns are found by their headings, whatever their case, blanks and underscores:
 *   name      DisplayName, else Name
 *   address   PrimarySmtpAddress, else the "SMTP:" among ProxyAddresses or EmailAddresses, else Mail or Email..., else
 *             UserPrincipalName
 *   aliases   SamAccountName, OnPremisesSamAccountName, Alias, MailNickname, UserPrincipalName and its part before the
 *             '@', the other ProxyAddresses
 * A file in our own form (name,address[,alias...]) is taken as it is. Rows without any address are counted in
 * *ret_skipped. What is wrong stands in the problems of *ret, by lines of this text. SP_E_INVALID: no such columns. */
enum sp_rc sp_people_import(const char *text, size_t size, struct sp_people **ret, size_t *ret_skipped,
                            struct sp_err *err);
/* As a people file. */
void sp_people_write(struct sp_str *out, const struct sp_people *people);

#endif
