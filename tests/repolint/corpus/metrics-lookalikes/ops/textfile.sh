#!/bin/sh
echo "shop_backup_age_seconds $(($(date +%s) - $(stat -c %Y /backup)))" > /textfile/backup.prom
